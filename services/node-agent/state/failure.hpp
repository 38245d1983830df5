// Why an attempt does not go on: a sentence for everybody, and the details for the provider alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wire/messages.hpp"

namespace lamda::agent {

/// `message` is published. Texts of engines, registries and stores tell what stands in the provider's network
/// and on its disk: they go into `detail`, which is logged.
struct Failure {
    wire::ErrorCode code = wire::ErrorCode::kInternal;
    std::string message;
    std::string detail = {};
    std::optional<std::int32_t> exit_code = std::nullopt;
};

inline constexpr auto kNoGpu = "the job asks for GPUs and this machine has none to give";
inline constexpr auto kImpossibleStart =
    "the image lacks the command or the user, or the command cannot be run";

}  // namespace lamda::agent
