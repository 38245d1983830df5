// Dead letters: messages that a service refused, read and moved through schema api.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "store/database.hpp"

namespace lamda::cli {

struct DeadLetter {
    std::uint64_t id = 0;
    std::string owner;  ///< the service that refused it
    std::string subject;
    std::string reason;
    Timestamp at;
    std::string body;  ///< bytes, as a stranger may have sent them
};

struct DeadLetterFilter {
    std::optional<std::string> owner{};
    std::optional<std::string> subject{};  ///< part of it: a provider's address, say
    std::optional<std::string> reason{};   ///< part of it
    unsigned limit = 100;
};
/// Newest first.
std::vector<DeadLetter> read_dead_letters(store::Database& database, const DeadLetterFilter& filter);
std::optional<DeadLetter> read_dead_letter(store::Database& database, std::uint64_t id);

struct Moved {
    std::uint64_t id = 0;
    bool done = false;
    std::string answer;  ///< what was done, or why not
};
enum class DeadLetterMove { kRedrive, kDrop };
/// In the order of their numbers: statuses of one attempt are put back in the order in which they came.
std::vector<Moved> move_dead_letters(store::Database& database, std::vector<std::uint64_t> ids,
                                     DeadLetterMove move);

}  // namespace lamda::cli
