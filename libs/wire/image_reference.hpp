// Container image references, by the grammar of github.com/distribution/reference (v0.6, normalized names).
#pragma once

#include <string_view>

#include "core/result.hpp"

namespace lamda::wire {

/// Accepts `[domain[:port]/]path[:tag][@digest]`, at most 255 bytes: the references that a container engine
/// can resolve. Says nothing about the image's existence. Errors: `invalid_image`, naming the wrong part.
Status check_image_reference(std::string_view text);

}  // namespace lamda::wire
