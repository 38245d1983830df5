// Proofs with the operator's token: of a command to the dispatcher, and of the dispatcher's answer to it.
#pragma once

#include "wire/messages.hpp"

namespace lamda::wire {

/// How far a command's time may be from the reader's clock: more than two clocks that are each a day off
/// differ. Within it a repeated command is recognised by its request id, which is remembered for longer.
inline constexpr Millis kCommandLifetime = std::chrono::days(3);

/// With the time and an HMAC-SHA256 over the canonical command by the operator's token.
Command prove_command(Command command, std::string_view token, Timestamp now);
/// Errors: `no_proof`, `wrong_proof`, `stale_command`.
lamda::Status verify_command(const Command& command, std::string_view token, Timestamp now);

/// The same answer, an object, with a member `proof` that binds it to this proven command.
std::string prove_answer(std::string_view text, const Command& command, std::string_view token);
/// True for what prove_answer() returned for this command.
bool answer_is_proven(std::string_view text, const Command& command, std::string_view token);

}  // namespace lamda::wire
