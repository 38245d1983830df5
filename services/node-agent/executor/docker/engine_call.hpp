// Runs calls of the Docker engine for the executor.
#pragma once

#include <utility>

#include "net/transport.hpp"
#include "services/node-agent/executor/executor.hpp"

namespace lamda::agent {

/// Result of `call`. @throws ExecutorUnavailable if the engine does not answer; EngineError, an
/// ExecutorError, passes
template <typename Call>
auto engine_call(Call&& call) {
    try {
        return std::forward<Call>(call)();
    } catch (const net::TransportError& error) {
        throw ExecutorUnavailable(error.what());
    }
}

}  // namespace lamda::agent
