// Confirmation before a paid transaction, and the check of its receipt afterwards.
#pragma once

#include <string>

#include "eth/codec/types.hpp"
#include "onchain/transact.hpp"
#include "tools/cli/context.hpp"

namespace lamda::cli {

inline constexpr auto kNoRefund =
    "JobManager has no refund: the payment cannot be taken back, even if the job never runs or fails.";

/// Asks for confirmation if standard input is a terminal. @throws CommandRefused(1) if the answer is not yes
void ask_on_terminal(const std::string& what, bool yes);

/// @throws std::runtime_error with subject and transaction if the event is missing: wrong contract
void require_logged(bool logged, const std::string& event, const eth::Receipt& receipt,
                    const std::string& subject);

}  // namespace lamda::cli
