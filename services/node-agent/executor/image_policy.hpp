// Which images a provider runs, and where they come from: pure functions, no I/O.
// docs/decisions/0040-images-are-pulled-by-policy.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::agent {

/// Registries are `host[:port]` in lowercase.
struct ImagePolicy {
    std::vector<std::string> registries;          ///< pulled from while they have public addresses only
    std::vector<std::string> private_registries;  ///< pulled from whatever their addresses are
    std::vector<std::string> local_images;        ///< references of images that are run without a pull
};

enum class ImageSource { kLocal, kPublicRegistry, kPrivateRegistry };

/// Error: `registry_not_allowed`, naming the registries that are.
/// @param reference passes wire::check_image_reference
Result<ImageSource> image_source(std::string_view reference, const ImagePolicy& policy);

/// Settings. Errors name the entry that is no registry, or no reference.
Status check_registries(const std::vector<std::string>& registries);
Status check_images(const std::vector<std::string>& references);

/// The host that a pull from the registry connects to first.
std::string pull_host(std::string_view registry);

/// True if the numeric IPv4 or IPv6 address belongs to the public internet (IANA special-purpose registries).
/// An IPv6 address that embeds an IPv4 address (mapped, NAT64) is as public as that one. False for any other
/// text.
bool is_public_address(const std::string& numeric);

/// Which digest the reference asks for and the image does not have; empty: none.
std::string missing_digest(std::string_view reference, const std::vector<std::string>& repo_digests);

}  // namespace lamda::agent
