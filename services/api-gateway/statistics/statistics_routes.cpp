// Routes of statistics: of the market over time, of jobs, and of one node.
#include "core/json_writer.hpp"
#include "crypto/signer.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "services/api-gateway/statistics/completion_time.hpp"
#include "services/api-gateway/statistics/stats_store.hpp"

namespace lamda::gateway {

namespace {

/// From this many intervals on an answer counts as a large one.
constexpr std::int64_t kManyIntervals = 100;

/// All statuses of a job in a block, in the order of its way.
constexpr std::string_view kStatuses[] = {"created",  "awaiting_spec", "awaiting_provider", "mismatched",
                                          "assigned", "running",       "completed",         "confirmed",
                                          "paid",     "failed",        "cancelled",         "expired",
                                          "retracted"};

void add_finished(JsonWriter& out, const Finished& finished) {
    out.key("finished").begin_object();
    out.key("completed").number(finished.completed).key("failed").number(finished.failed);
    out.key("cancelled").number(finished.cancelled).key("expired").number(finished.expired).end_object();
}

void add_completion(JsonWriter& out, const CompletionGrades& grades) {
    out.key("completion_time_ms");
    if (!grades.p50 || !grades.p95) {
        out.null();
        return;
    }
    out.begin_object().key("p50").number(completion_ms(*grades.p50));
    out.key("p95").number(completion_ms(*grades.p95)).end_object();
}

void add_share(JsonWriter& out, std::string_view name, const std::optional<std::int64_t>& ten_thousandths) {
    out.key(name);
    if (ten_thousandths) {
        out.raw(share_json(*ten_thousandths));
    } else {
        out.null();
    }
}

StatusSum sum_of(const JobStats& stats, std::string_view status) {
    const auto at = stats.statuses.find(std::string(status));
    return at == stats.statuses.end() ? StatusSum{} : at->second;
}

void add_jobs(JsonWriter& out, const JobStats& stats) {
    out.key("jobs").number(stats.all.jobs).key("volume").text(stats.all.amount);
    out.key("statuses").begin_array();
    for (const auto status : kStatuses) {
        const auto sum = sum_of(stats, status);
        out.begin_object().key("status").text(status).key("jobs").number(sum.jobs);
        out.key("payment_amount").text(sum.amount).end_object();
    }
    out.end_array();
}

http::Response market_response(const Parts& parts, const http::Request& request) {
    const auto [asked, found] = parts.database.transact([&](store::Txn& txn) {
        const auto parsed = parse_market_request(request.query, database_now(txn));
        return std::pair(parsed, read_market(txn, parsed));
    });
    JsonWriter out;
    out.begin_object().key("interval").text(to_string(asked.interval));
    out.key("from").text(to_rfc3339(asked.range.from)).key("to").text(to_rfc3339(asked.range.to));
    out.key("items").begin_array();
    for (auto at = asked.range.from; at < asked.range.to; at += length_of(asked.interval)) {
        const auto known = found.find(at);
        const auto interval = known == found.end() ? MarketInterval{} : known->second;
        out.begin_object().key("start").text(to_rfc3339(at));
        out.key("jobs_created").number(interval.created).key("volume").text(interval.volume);
        add_finished(out, interval.finished);
        out.key("active_nodes").number(interval.active_nodes);
        add_completion(out, interval.completion);
        out.end_object();
    }
    return json_response(out.end_array().end_object().take());
}

http::Response jobs_response(const Parts& parts, const http::Request& request) {
    const auto asked = parse_job_stats_request(request.query);
    const auto stats = parts.database.transact([&](store::Txn& txn) { return read_job_stats(txn, asked); });
    const auto time = [](const auto& at) { return at ? std::optional(to_rfc3339(*at)) : std::nullopt; };
    JsonWriter out;
    out.begin_object().key("from").text_or_null(time(asked.from)).key("to").text_or_null(time(asked.to));
    add_jobs(out, stats);
    return json_response(out.end_object().take());
}

http::Response node_response(const Parts& parts, const http::Request& request) {
    const auto address = address_param(request);
    parse_no_parameters(request.query);
    JsonWriter out;
    parts.database.transact([&](store::Txn& txn) {
        const auto online = read_online_share(txn, address);
        if (!online.observed_from && !is_registered(txn, address)) {
            throw not_found("node");
        }
        const auto stats = read_job_stats(txn, {{}, address, {}, {}});
        const auto work = read_node_work(txn, address);
        const auto& ended = work.finished;
        const auto judged = ended.completed + ended.failed + ended.expired;
        out.begin_object().key("wallet_address").text(crypto::checksum_address(address));
        add_jobs(out, stats);
        out.key("volume_earned").text(sum_of(stats, "paid").amount);
        out.key("volume_claimable").text(sum_of(stats, "confirmed").amount);
        add_finished(out, ended);
        add_share(out, "success_share",
                  judged > 0 ? std::optional(10'000 * ended.completed / judged) : std::nullopt);
        add_completion(out, work.completion);
        add_share(out, "online_share", online.ten_thousandths);
        out.key("observed_from")
            .text_or_null(online.observed_from ? std::optional(to_rfc3339(*online.observed_from))
                                               : std::nullopt);
        out.end_object();
    });
    return json_response(out.take());
}

/// True if the request asks for many intervals. A request with faults is cheap.
bool is_large_range(const http::Request& request) {
    try {
        const auto asked = parse_market_request(request.query, SystemClock().now());
        return (asked.range.to - asked.range.from) / length_of(asked.interval) > kManyIntervals;
    } catch (const problem::Problem&) {
        return false;
    }
}

/// True if the request asks for many days. A request with faults is cheap.
bool is_large_sum(const http::Request& request) {
    try {
        const auto asked = parse_job_stats_request(request.query);
        return !asked.from || asked.to.value_or(SystemClock().now()) - *asked.from >
                                  kManyIntervals * length_of(Interval::kDay);
    } catch (const problem::Problem&) {
        return false;
    }
}

}  // namespace

void add_statistics(http::Server& server, const Parts& parts) {
    add_route(
        server, parts, "GET", "/api/market/stats",
        [&parts](const http::Request& request) { return market_response(parts, request); }, is_large_range);
    add_route(
        server, parts, "GET", "/api/jobs/stats",
        [&parts](const http::Request& request) { return jobs_response(parts, request); }, is_large_sum);
    // All days and all changes of a node.
    add_route(
        server, parts, "GET", "/api/nodes/{address}/stats",
        [&parts](const http::Request& request) { return node_response(parts, request); },
        [](const http::Request&) { return true; });
}

}  // namespace lamda::gateway
