// `lamda dlq`: lists, shows, redrives and drops dead letters.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "terminal/table.hpp"
#include "terminal/units.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/stores/dlq_store.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

/// Limit of dead letters that one command moves.
constexpr unsigned kMostAtOnce = 10'000;

/// Escapes every byte except printable ASCII: body, subject and reason are untrusted.
std::string printable(std::string_view text) {
    std::string out;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
            out += character;
        } else {
            out += fmt::format("\\x{:02x}", byte);
        }
    }
    return out;
}

json to_json(const DeadLetter& letter) {
    return {{"id", letter.id},         {"owner", letter.owner},       {"subject", letter.subject},
            {"reason", letter.reason}, {"at", to_rfc3339(letter.at)}, {"body", letter.body}};
}

DeadLetterFilter filter_of(const DlqOptions& options) {
    const auto maybe = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    return {maybe(options.owner), maybe(options.subject), maybe(options.reason), options.limit};
}

bool confirmed(std::size_t count, const char* what) {
    fmt::print(stderr, "This will {} {} dead letters. Go on? (yes/no) ", what, count);
    std::string answer;
    return std::getline(std::cin, answer) && answer == "yes";
}

/// Returns the ids that the options name: listed ones, or all that match the filter.
std::vector<std::uint64_t> chosen(store::Database& database, const DlqOptions& options, const char* what) {
    if (options.all == !options.ids.empty()) {
        throw CommandRefused(
            2, "give the numbers of dead letters, or --all (with --owner, --subject, --reason)");
    }
    if (!options.all) {
        return options.ids;
    }
    auto filter = filter_of(options);
    filter.limit = kMostAtOnce;
    std::vector<std::uint64_t> ids;
    for (const auto& letter : or_unread([&] { return read_dead_letters(database, filter); })) {
        ids.push_back(letter.id);
    }
    if (!ids.empty() && !options.sure && !confirmed(ids.size(), what)) {
        throw CommandRefused(1, "nothing was changed; answer yes on standard input, or use --yes");
    }
    return ids;
}

int move(Context& context, const DlqOptions& options, DeadLetterMove move, const char* what) {
    auto database = context.database(std::string("lamda dlq ") + what);
    const auto ids = chosen(*database, options, what);
    const auto moved = or_unread([&] { return move_dead_letters(*database, ids, move); });
    std::size_t refused = 0;
    auto all = json::array();
    for (const auto& one : moved) {
        refused += one.done ? 0 : 1;
        all.push_back({{"id", one.id}, {"done", one.done}, {"answer", one.answer}});
        if (!context.json()) {
            fmt::print(one.done ? stdout : stderr, "{}: {}{}\n", one.id,
                       one.done ? "" : "refused: ", printable(one.answer));
        }
    }
    if (context.json()) {
        fmt::print("{}", json_line({{"dead_letters", all}}));
    } else if (moved.empty()) {
        fmt::print("no dead letter matches\n");
    }
    return refused == 0 ? 0 : 1;
}

}  // namespace

int list_dead_letters(Context& context, const DlqOptions& options) {
    auto database = context.database("lamda dlq list");
    const auto letters = or_unread([&] { return read_dead_letters(*database, filter_of(options)); });
    if (context.json()) {
        auto all = json::array();
        for (const auto& letter : letters) {
            all.push_back(to_json(letter));
        }
        fmt::print("{}", json_line({{"dead_letters", all}}));
    } else if (letters.empty()) {
        fmt::print("no dead letter matches\n");
    } else {
        using terminal::Kind;
        terminal::Table table({{"ID", Kind::kNumber},
                               {"AT", Kind::kTime, 1},
                               {"OWNER"},
                               {"SUBJECT", Kind::kText, 2},
                               {"SIZE", Kind::kNumber, 0, 1},
                               {"REASON", Kind::kText, 3}});
        for (const auto& letter : letters) {
            table.row({std::to_string(letter.id), to_rfc3339(letter.at), letter.owner,
                       printable(letter.subject), terminal::bytes(letter.body.size()),
                       printable(letter.reason)});
        }
        fmt::print("{}", table.text(context.screen()));
    }
    return 0;
}

int show_dead_letter(Context& context, std::uint64_t id) {
    auto database = context.database("lamda dlq show");
    const auto letter = or_unread([&] { return read_dead_letter(*database, id); });
    if (!letter) {
        throw CommandRefused(
            1, "unknown dead letter " + std::to_string(id) + "; `lamda dlq list` shows the numbers");
    }
    if (context.json()) {
        fmt::print("{}", json_line(to_json(*letter)));
    } else {
        fmt::print("{}", terminal::listing({{"id", std::to_string(letter->id)},
                                            {"at", to_rfc3339(letter->at)},
                                            {"owner", letter->owner},
                                            {"subject", printable(letter->subject)},
                                            {"reason", printable(letter->reason)},
                                            {"body", printable(letter->body)}}));
    }
    return 0;
}

int redrive_dead_letters(Context& context, const DlqOptions& options) {
    return move(context, options, DeadLetterMove::kRedrive, "redrive");
}

int drop_dead_letters(Context& context, const DlqOptions& options) {
    return move(context, options, DeadLetterMove::kDrop, "drop");
}

}  // namespace lamda::cli
