#include "views/job_history.hpp"

#include <algorithm>
#include <map>

#include "core/clock.hpp"
#include "core/json_writer.hpp"
#include "core/u256.hpp"
#include "views/cursor.hpp"

namespace lamda::views {

namespace {

using wire::ChainState;

constexpr auto kNotCanonical = "its block is no longer canonical";

const Resource kJobEvents = {"api.job_event",
                             {"id", "kind", "at", "attempt", "seq", "block_num", "block_hash", "log_index",
                              "transaction_hash", "orphaned", "refused_reason", "error_message",
                              "next_attempt", "output_file_cid", "amount", "error_code", "exit_code"},
                             {"refused_reason", "error_message", "output_file_cid"},
                             "true",
                             {{"job_id", "job_id", "=", FieldType::kBytes32, true}},
                             {{"id", {{"id", "bigint"}}, false}},
                             {}};  // an entry's JSON needs the states before it: see entry_json()

std::optional<std::string> apply_created(JobStates& states, bool orphaned) {
    if (states.chain.value_or(ChainState::kAbsent) != ChainState::kAbsent) {
        return orphaned ? kNotCanonical : "the job exists already";
    }
    if (states.work && !wire::is_terminal(*states.work)) {
        states.work.reset();  // in another block than before: evaluated again
    }
    states.chain = orphaned ? ChainState::kAbsent : ChainState::kCreated;
    return orphaned ? std::optional<std::string>(kNotCanonical) : std::nullopt;
}

std::optional<std::string> apply_payment(JobStates& states, ChainState reached, bool orphaned) {
    if (orphaned) {
        return kNotCanonical;
    }
    if (!states.chain || states.chain == ChainState::kAbsent) {
        return "no canonical block creates the job";
    }
    states.chain = std::max(*states.chain, reached);
    return std::nullopt;
}

template <class T>
std::optional<std::string_view> name_of(const std::optional<T>& value) {
    return value ? std::optional(wire::to_string(*value)) : std::nullopt;
}

template <class Hash>
std::optional<std::string> hex_of(const store::Row& row, std::string_view column) {
    const auto hash = row.maybe<Hash>(column);
    return hash ? std::optional(hash->hex()) : std::nullopt;
}

/// Applies the row's entry to `states`, and returns it as a REST object.
std::string entry_json(const store::Row& row, JobStates& states) {
    const auto kind = row.get<std::string>("kind");
    const bool orphaned = row.get<bool>("orphaned");
    const auto before = states.work;
    const auto no_effect = apply_entry(states, {kind, orphaned, row.maybe<std::string>("refused_reason")});
    JsonWriter out;
    out.begin_object();
    out.key("id").number(row.get<std::int64_t>("id"));
    out.key("kind").text(kind);
    out.key("at").text(to_rfc3339(row.get<Timestamp>("at")));
    out.key("attempt").number_or_null(row.maybe<std::int64_t>("attempt"));
    out.key("seq").number_or_null(row.maybe<std::int64_t>("seq"));
    out.key("work_state_before").text_or_null(name_of(before));
    out.key("work_state").text_or_null(name_of(states.work));
    out.key("chain_state").text_or_null(name_of(states.chain));
    out.key("reason").text_or_null(row.maybe<std::string>("error_message"));
    out.key("no_effect_reason").text_or_null(no_effect);
    out.key("error_code").text_or_null(row.maybe<std::string>("error_code"));
    out.key("exit_code").number_or_null(row.maybe<std::int64_t>("exit_code"));
    out.key("next_attempt").number_or_null(row.maybe<std::int64_t>("next_attempt"));
    out.key("output_file_cid").text_or_null(row.maybe<std::string>("output_file_cid"));
    const auto amount = row.maybe<U256>("amount");
    out.key("amount").text_or_null(amount ? std::optional(to_decimal(*amount)) : std::nullopt);
    out.key("block").number_or_null(row.maybe<std::int64_t>("block_num"));
    out.key("block_hash").text_or_null(hex_of<BlockHash>(row, "block_hash"));
    out.key("log_index").number_or_null(row.maybe<std::int64_t>("log_index"));
    out.key("transaction_hash").text_or_null(hex_of<TxHash>(row, "transaction_hash"));
    out.key("orphaned").boolean(orphaned);
    return out.end_object().take();
}

// ---- cursor: the last entry's id, and the states after it

std::string cursor_text(const std::string& id, const JobStates& states) {
    return encode_cursor({id, std::string(states.chain ? wire::to_string(*states.chain) : ""),
                          std::string(states.work ? wire::to_string(*states.work) : "")});
}

/// Splits a cursor. Returns the list's own cursor; nullopt: not a cursor of this list.
std::optional<std::string> split_cursor(const std::string& text, JobStates& states) {
    const auto parts = decode_cursor(text, 3);
    if (!parts) {
        return std::nullopt;
    }
    if (const auto& chain = (*parts)[1]; !chain.empty()) {
        const auto parsed = wire::parse_chain_state(chain);
        if (!parsed) {
            return std::nullopt;
        }
        states.chain = *parsed;
    }
    if (const auto& work = (*parts)[2]; !work.empty()) {
        const auto parsed = wire::parse_work_state(work);
        if (!parsed) {
            return std::nullopt;
        }
        states.work = *parsed;
    }
    return encode_cursor({(*parts)[0]});
}

}  // namespace

std::optional<std::string> apply_entry(JobStates& states, const HistoryEntry& entry) {
    if (entry.kind == "created") {
        return apply_created(states, entry.orphaned);
    }
    if (entry.kind == "confirmed" || entry.kind == "claimed") {
        return apply_payment(states, entry.kind == "confirmed" ? ChainState::kConfirmed : ChainState::kPaid,
                             entry.orphaned);
    }
    if (entry.refused_reason) {
        return entry.refused_reason;
    }
    const auto fact = wire::parse_work_fact(entry.kind);
    const auto next = fact && states.chain ? wire::next_state(states.work, *fact) : std::nullopt;
    if (!next) {
        return std::string(entry.kind) + " does not follow " +
               std::string(states.work ? wire::to_string(*states.work) : "a job that is not evaluated");
    }
    states.work = next;
    return std::nullopt;
}

HistoryQuery history_query(const JobId& id, ListRequest request) {
    HistoryQuery out{};
    const auto [first, last] = request.values.equal_range("cursor");
    for (auto at = first; at != last; ++at) {
        // A text that is no cursor of this list is refused by list_query, together with all other faults.
        at->second = split_cursor(at->second, out.before).value_or("");
    }
    request.fixed.emplace("job_id", id.hex());
    out.list = list_query(kJobEvents, request);
    return out;
}

Page read_history(store::Txn& txn, const HistoryQuery& query, MemoryBudget& budget) {
    JobStates states = query.before;
    std::map<std::string, JobStates> after;  // by the list's cursor
    auto page = read_page(txn, query.list, budget, [&](const store::Row& row) {
        auto json = entry_json(row, states);
        after.emplace(cursor_of(query.list, row), states);
        return json;
    });
    if (!page.next.empty()) {
        const auto id = decode_cursor(page.next, 1).value().at(0);
        page.next = cursor_text(id, after.at(page.next));
    }
    return page;
}

}  // namespace lamda::views
