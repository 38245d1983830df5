// Policy of allowed images and registries: pure functions, no I/O.
// docs/decisions/0040-images-are-pulled-by-policy.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::agent {

/// Registries are `host[:port]` in lowercase.
struct ImagePolicy {
    std::vector<std::string> registries;          ///< allowed while all their addresses are public
    std::vector<std::string> private_registries;  ///< allowed at any address
    std::vector<std::string> local_images;        ///< references of images that run without a pull
};

enum class ImageSource { kLocal, kPublicRegistry, kPrivateRegistry };

/// Errors: `registry_not_allowed`, which names the allowed registries.
/// @param reference passes wire::check_image_reference
Result<ImageSource> image_source(std::string_view reference, const ImagePolicy& policy);

/// Checks of settings. Errors name the entry that is not a registry or not a reference.
Status check_registries(const std::vector<std::string>& registries);
Status check_images(const std::vector<std::string>& references);

/// Host that a pull from the registry connects to first.
std::string pull_host(std::string_view registry);

/// True if the numeric IPv4 or IPv6 address belongs to the public internet (IANA special-purpose registries).
/// An IPv6 address that embeds an IPv4 address (mapped, NAT64) is judged by that address. False for any other
/// text.
bool is_public_address(const std::string& numeric);

/// Digest that the reference requires and the image does not have; empty: none.
std::string missing_digest(std::string_view reference, const std::vector<std::string>& repo_digests);

}  // namespace lamda::agent
