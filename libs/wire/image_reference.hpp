// Container image references, by the grammar of github.com/distribution/reference (v0.6, normalized names).
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::wire {

/// Accepts `[domain[:port]/]path[:tag][@digest]`, at most 255 bytes: the references that a container engine
/// can resolve. Says nothing about the image's existence. Errors: `invalid_image`, naming the wrong part.
Status check_image_reference(std::string_view text);

/// The registry of a valid reference: `host[:port]` in lowercase; `docker.io` if it names none.
std::string registry_of(std::string_view reference);

/// A valid reference with all that an engine adds: registry, `library/` on Docker Hub, the tag `latest` if it
/// has neither tag nor digest. References that an engine resolves alike are equal in this form.
std::string normalize_image(std::string_view reference);

}  // namespace lamda::wire
