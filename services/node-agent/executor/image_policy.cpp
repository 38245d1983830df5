#include "services/node-agent/executor/image_policy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "wire/image_reference.hpp"

namespace lamda::agent {

namespace {

struct Ipv4Block {
    std::uint32_t first;
    int bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry: addresses that are not globally reachable,
// multicast and reserved addresses.
constexpr std::array<Ipv4Block, 16> kSpecialIpv4{{{0x00000000, 8},
                                                  {0x0A000000, 8},
                                                  {0x64400000, 10},
                                                  {0x7F000000, 8},
                                                  {0xA9FE0000, 16},
                                                  {0xAC100000, 12},
                                                  {0xC0000000, 24},
                                                  {0xC0000200, 24},
                                                  {0xC01FC400, 24},
                                                  {0xC0586300, 24},
                                                  {0xC0A80000, 16},
                                                  {0xC6120000, 15},
                                                  {0xC6336400, 24},
                                                  {0xCB007100, 24},
                                                  {0xE0000000, 4},
                                                  {0xF0000000, 4}}};

bool is_public_ipv4(std::uint32_t address) {
    return std::none_of(kSpecialIpv4.begin(), kSpecialIpv4.end(), [&](const Ipv4Block& block) {
        return (address >> (32 - block.bits)) == (block.first >> (32 - block.bits));
    });
}

using Ipv6 = std::array<std::uint8_t, 16>;

std::uint32_t last_four(const Ipv6& address) {
    return (std::uint32_t{address[12]} << 24) | (std::uint32_t{address[13]} << 16) |
           (std::uint32_t{address[14]} << 8) | address[15];
}

template <std::size_t N>
bool begins(const Ipv6& address, const std::array<std::uint8_t, N>& prefix) {
    return std::equal(prefix.begin(), prefix.end(), address.begin());
}

// https://www.iana.org/assignments/iana-ipv6-special-registry
bool is_public_ipv6(const Ipv6& address) {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    constexpr std::array<std::uint8_t, 12> kNat64{0x00, 0x64, 0xFF, 0x9B};
    constexpr std::array<std::uint8_t, 4> kDocumentation{0x20, 0x01, 0x0D, 0xB8};
    constexpr std::array<std::uint8_t, 2> k6to4{0x20, 0x02};
    if (begins(address, kMapped) || begins(address, kNat64)) {
        return is_public_ipv4(last_four(address));
    }
    const bool global_unicast = (address[0] & 0xE0U) == 0x20;  // 2000::/3
    const bool protocols =
        address[0] == 0x20 && address[1] == 0x01 && (address[2] & 0xFEU) == 0;  // 2001::/23
    return global_unicast && !protocols && !begins(address, kDocumentation) && !begins(address, k6to4);
}

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items) {
        out += (out.empty() ? "" : ", ") + item;
    }
    return out;
}

bool holds(const std::vector<std::string>& items, const std::string& item) {
    return std::find(items.begin(), items.end(), item) != items.end();
}

}  // namespace

Result<ImageSource> image_source(std::string_view reference, const ImagePolicy& policy) {
    const auto wanted = wire::normalize_image(reference);
    if (std::any_of(policy.local_images.begin(), policy.local_images.end(),
                    [&](const std::string& local) { return wire::normalize_image(local) == wanted; })) {
        return ImageSource::kLocal;
    }
    const auto registry = wire::registry_of(reference);
    if (holds(policy.private_registries, registry)) {
        return ImageSource::kPrivateRegistry;
    }
    if (holds(policy.registries, registry)) {
        return ImageSource::kPublicRegistry;
    }
    return Error{"registry_not_allowed",
                 "this provider pulls no images from " + registry +
                     (policy.registries.empty() ? "" : "; use one of " + joined(policy.registries)),
                 ""};
}

Status check_registries(const std::vector<std::string>& registries) {
    for (const auto& registry : registries) {
        const auto image = registry + "/x";
        if (!wire::check_image_reference(image) || wire::registry_of(image) != registry) {
            return Error{"invalid_registry", "must be a comma-separated list of host[:port] in lowercase",
                         registry};
        }
    }
    return Ok{};
}

Status check_images(const std::vector<std::string>& references) {
    for (const auto& reference : references) {
        if (const auto fits = wire::check_image_reference(reference); !fits) {
            return Error{fits.error().code, fits.error().message, reference};
        }
    }
    return Ok{};
}

std::string pull_host(std::string_view registry) {
    if (registry == "docker.io") {
        return "registry-1.docker.io";
    }
    if (registry.starts_with('[')) {
        return std::string(registry.substr(1, registry.find(']') - 1));
    }
    return std::string(registry.substr(0, registry.find(':')));
}

bool is_public_address(const std::string& numeric) {
    std::uint32_t four = 0;
    if (::inet_pton(AF_INET, numeric.c_str(), &four) == 1) {
        return is_public_ipv4(ntohl(four));
    }
    Ipv6 sixteen{};
    return ::inet_pton(AF_INET6, numeric.c_str(), sixteen.data()) == 1 && is_public_ipv6(sixteen);
}

std::string missing_digest(std::string_view reference, const std::vector<std::string>& repo_digests) {
    const auto at = reference.find('@');
    if (at == std::string_view::npos) {
        return "";
    }
    const auto digest = reference.substr(at);
    const bool there = std::any_of(repo_digests.begin(), repo_digests.end(),
                                   [&](const std::string& one) { return one.ends_with(digest); });
    return there ? "" : std::string(digest.substr(1));
}

}  // namespace lamda::agent
