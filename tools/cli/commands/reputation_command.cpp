#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/cli/commands.hpp"
#include "tools/cli/stores/tx_store.hpp"

namespace lamda::cli {
namespace {

constexpr auto kQuestion =
    "This forgets what was read of NodeReputation and every increment but those that may still be mined. The "
    "next\n"
    "start of lamda-reputation reads all of it from the chain again; the record of fees paid so far is lost, "
    "and what\n"
    "was cancelled or has failed is tried again. Go on? (yes/no) ";

bool confirmed() {
    fmt::print(stderr, "{}", kQuestion);
    std::string answer;
    return std::getline(std::cin, answer) && answer == "yes";
}

}  // namespace

int rebuild_reputation(Context& context, bool sure) {
    auto database = context.database("lamda reputation rebuild");
    if (const auto reader = or_unread([&] { return reputation_reader(*database); })) {
        throw CommandRefused(1,
                             "instance " + *reader + " reads: stop every instance of lamda-reputation first");
    }
    if (!sure && !confirmed()) {
        throw CommandRefused(1, "nothing was changed; yes on the standard input, or --yes, is needed");
    }
    const auto done = or_unread([&] { return rebuild_reputation(*database); });
    if (!done.refused.empty()) {
        throw CommandRefused(1, done.refused);
    }
    if (context.json()) {
        fmt::print("{}\n", nlohmann::json{{"increments_forgotten", done.increments},
                                          {"intents_forgotten", done.forgotten},
                                          {"intents_kept", done.kept},
                                          {"confirmations", done.confirmations}}
                               .dump());
        return 0;
    }
    fmt::print("forgotten: {} increments of the chain, {} intents\n", done.increments, done.forgotten);
    fmt::print("kept:      {} intents that hold a nonce and may still be mined\n", done.kept);
    fmt::print("to do:     {} confirmed jobs are held against the chain again\n", done.confirmations);
    fmt::print(
        "Now start lamda-reputation. It sends nothing before it has read NodeReputation again: `lamda chain\n"
        "status` shows how far it is, and the check reputation:ledger of /readyz what it waits for.\n");
    return 0;
}

}  // namespace lamda::cli
