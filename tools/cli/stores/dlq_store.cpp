#include "tools/cli/stores/dlq_store.hpp"

#include <algorithm>

namespace lamda::cli {
namespace {

constexpr std::string_view kRefused = "refused: ";

DeadLetter letter_of(const store::Row& row) {
    return {row.get<std::uint64_t>("id"),   row.get<std::string>("owner"), row.get<std::string>("subject"),
            row.get<std::string>("reason"), row.get<Timestamp>("at"),      as_string(row.get<Bytes>("body"))};
}

}  // namespace

std::vector<DeadLetter> read_dead_letters(store::Database& database, const DeadLetterFilter& filter) {
    return database.transact([&](store::Txn& txn) {
        std::vector<DeadLetter> out;
        for (const auto& row :
             txn.exec("SELECT id, owner, subject, reason, at, body FROM api.dead_letter "
                      "WHERE ($1::text IS NULL OR owner = $1::text) "
                      "AND ($2::text IS NULL OR strpos(lower(subject), lower($2::text)) > 0) "
                      "AND ($3::text IS NULL OR strpos(lower(reason), lower($3::text)) > 0) ORDER BY id DESC "
                      "LIMIT $4::int",
                      {filter.owner, filter.subject, filter.reason, std::uint64_t{filter.limit}})) {
            out.push_back(letter_of(row));
        }
        return out;
    });
}

std::optional<DeadLetter> read_dead_letter(store::Database& database, std::uint64_t id) {
    return database.transact([&](store::Txn& txn) -> std::optional<DeadLetter> {
        const auto row = txn.first(
            "SELECT id, owner, subject, reason, at, body FROM api.dead_letter WHERE id = $1::bigint", {id});
        return row ? std::optional(letter_of(*row)) : std::nullopt;
    });
}

std::vector<Moved> move_dead_letters(store::Database& database, std::vector<std::uint64_t> ids,
                                     DeadLetterMove move) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    const std::string sql = move == DeadLetterMove::kRedrive
                                ? "SELECT api.redrive_dead_letter($1::bigint) AS answer"
                                : "SELECT api.drop_dead_letter($1::bigint) AS answer";
    return database.transact([&](store::Txn& txn) {
        std::vector<Moved> out;
        for (const auto id : ids) {
            auto answer = txn.one(sql, {id}).get<std::string>("answer");
            const bool refused = answer.starts_with(kRefused);
            out.push_back({id, !refused, refused ? answer.substr(kRefused.size()) : answer});
        }
        return out;
    });
}

}  // namespace lamda::cli
