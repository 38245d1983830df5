// Container image references, by the grammar of github.com/distribution/reference (v0.6, normalized names).
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::wire {

/// Accepts `[domain[:port]/]path[:tag][@digest]`, at most 255 bytes: references that a container engine can
/// resolve. Does not check that the image exists. Errors: `invalid_image`, naming the wrong part.
Status check_image_reference(std::string_view text);

/// The registry of a valid reference: `host[:port]` in lowercase; `docker.io` if it names none.
std::string registry_of(std::string_view reference);

/// A valid reference with the defaults of an engine added: registry, `library/` on Docker Hub, tag `latest`
/// if it has neither tag nor digest. References that an engine resolves alike have equal normal forms.
std::string normalize_image(std::string_view reference);

}  // namespace lamda::wire
