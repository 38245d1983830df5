// Failure of an attempt's step: a message that is published, and a detail for the provider's log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wire/messages.hpp"

namespace lamda::agent {

/// `message` is published. Texts of engines, registries and stores may reveal the provider's network and
/// disk: they go into `detail`, which is only logged.
struct Failure {
    wire::ErrorCode code = wire::ErrorCode::kInternal;
    std::string message;
    std::string detail = {};
    std::optional<std::int32_t> exit_code = std::nullopt;
};

}  // namespace lamda::agent
