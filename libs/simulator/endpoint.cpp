#include "simulator/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/detail/node_answer.hpp"

namespace lamda::simulator {

namespace {

using nlohmann::json;
using Kind = net::TransportError::Kind;

/// Time after which all nodes behind a load balancer have seen a reorg.
constexpr Millis kStaleFor{5'000};
/// Timeout of a request without one.
constexpr Millis kForEver{24 * 3'600 * 1'000};

net::HttpResponse http(int status, std::string body) {
    return {status,
            {{"Content-Type", body.starts_with("<") ? "text/html" : "application/json"}},
            std::move(body)};
}

std::string page(int status, const char* title) {
    return fmt::format("<html><head><title>{0} {1}</title></head><body><h1>{0} {1}</h1></body></html>",
                       status, title);
}

std::string error_body(const json& id, std::int64_t code, const std::string& message,
                       const Bytes& data = {}) {
    json error{{"code", code}, {"message", message}};
    if (!data.empty()) {
        error["data"] = to_hex(data);
    }
    return json{{"jsonrpc", "2.0"}, {"id", id}, {"error", error}}.dump();
}

/// Id of the answer to a request of unknown shape.
json id_of(const json& request) {
    return request.is_object() ? request.value("id", json()) : json();
}

net::HttpResponse server_error(std::uint64_t dice) {
    switch (dice % 5) {
        case 0:
            return http(500, error_body(nullptr, -32603, "Internal error"));
        case 1:
            return http(502, page(502, "Bad Gateway"));
        case 2:
            return http(503, page(503, "Service Temporarily Unavailable"));
        case 3:
            return http(503, "");
        default:
            return http(504, page(504, "Gateway Time-out"));
    }
}

/// Error objects about the node's own state, as observed in practice; none is a revert.
std::string node_error(const json& id, const std::string& method, std::uint64_t dice) {
    switch (dice % 8) {
        case 0:
            return error_body(id, -32000, "header not found");
        case 1:
            return error_body(id, -32000, "missing trie node 5a1f (path ) state 0x5a1f is not available");
        case 2:
            return error_body(id, -32005, "limit exceeded");
        case 3:
            return error_body(id, -32601, "the method " + method + " does not exist/is not available");
        case 4:
            return error_body(id, -32000, "transaction indexing is in progress");
        case 5:
            return error_body(id, -32603, "Internal error");
        case 6:
            return error_body(id, 429, "too many requests");
        default:
            return error_body(id, -32000, "");
    }
}

/// A body that no valid reader accepts as an answer.
std::string garbage(std::uint64_t dice, const std::string& good) {
    const auto rest = dice / 8;
    switch (dice % 8) {
        case 0:
            return page(200, "Please verify you are human");
        case 1:
        case 2:
            return good.substr(0, rest % std::max<std::size_t>(good.size() - 1, 1));
        case 3:
            return R"({"jsonrpc":"2.0","id":987654321,"result":"0x1"})";
        case 4:
        case 5: {
            auto answer = json::parse(good);
            if (answer.is_object()) {
                answer.erase("error");
                answer["result"] = dice % 8 == 4 ? json{{"status", "syncing"}} : json(17);
            }
            return answer.is_object() ? answer.dump() : "{}";
        }
        case 6:
            return "[]";
        default:
            return std::string(rest % 64 + 1, '\0') + good;
    }
}

}  // namespace

struct Endpoint::ParsedRequest {
    const json& value;
};

Endpoint::Endpoint(EndpointPlan p, ScriptedChain& chain, std::uint64_t seed)
    : plan(std::move(p)), chain_(chain), seed_(seed), random_(seed) {}

bool Endpoint::drawn(Fault fault, Millis now) {
    if (plan.healthy_from && now >= *plan.healthy_from) {
        return false;
    }
    double share = 0;
    const auto rate = plan.rates.find(fault);
    if (rate != plan.rates.end()) {
        share = rate->second;
    }
    for (const auto& episode : plan.episodes) {
        if (episode.fault == fault && episode.from <= now && now < episode.to) {
            share = std::max(share, episode.share);
        }
    }
    return share > 0 && std::uniform_real_distribution<>(0, 1)(random_) < share;
}

void Endpoint::draw_node(CallPlan& call_plan, Millis now) {
    for (const auto fault :
         {Fault::kSlow, Fault::kLag, Fault::kStaleFork, Fault::kForgotten, Fault::kNoFinalized,
          Fault::kStaleFinalized, Fault::kFinalizedBehind, Fault::kOwnTrouble}) {
        call_plan.strikes.at(static_cast<std::size_t>(fault)) = drawn(fault, now);
    }
    if (call_plan.has(Fault::kSlow)) {
        call_plan.after *= 5 + static_cast<int>(call_plan.dice % 60);
        ++counts[Fault::kSlow];
    }
    if (call_plan.has(Fault::kLag) && plan.lag > 0) {
        call_plan.lag = plan.balanced ? 1 + call_plan.dice % plan.lag : plan.lag;
    }
}

CallPlan Endpoint::begin(const net::HttpRequest& request, Millis now) {
    ++calls;
    CallPlan call_plan;
    call_plan.dice = random_();
    call_plan.after = std::max(Millis(1), plan.latency);
    if (plan.jitter > Millis(0)) {
        call_plan.after += Millis(random_() % static_cast<std::uint64_t>(plan.jitter.count() + 1));
    }
    const bool limited = retry_after_until_ && now < *retry_after_until_;
    early_calls += limited && delay_read_ ? 1 : 0;
    auto failure = std::optional<Fault>();
    for (const auto fault : {Fault::kRefused, Fault::kHang, Fault::kTooMany, Fault::kServerError, Fault::kCut,
                             Fault::kGarbage}) {
        if (!failure && (drawn(fault, now) || (fault == Fault::kTooMany && limited))) {
            failure = fault;
        }
    }
    if (!failure) {
        draw_node(call_plan, now);
    } else {
        call_plan.strikes.at(static_cast<std::size_t>(*failure)) = true;
        ++counts[*failure];
        if (*failure == Fault::kTooMany && plan.retry_after && !limited) {
            retry_after_until_ = now + *plan.retry_after;
            delay_read_ = false;
        }
    }
    if (call_plan.has(Fault::kRefused)) {
        call_plan.after = Millis(1);
    }
    const auto timeout = request.timeout > Millis(0) ? request.timeout : kForEver;
    call_plan.after = call_plan.has(Fault::kHang) ? timeout : std::min(call_plan.after, timeout);
    return call_plan;
}

const Branch& Endpoint::branch(const CallPlan& call_plan, Millis now) {
    const auto& canonical = chain_.branch();
    const auto& stale = chain_.stale_branch();
    if (!call_plan.has(Fault::kStaleFork)) {
        own_branch_.reset();
        return canonical;
    }
    if (!plan.balanced) {
        if (!own_branch_ || (own_branch_->size() <= canonical.size() &&
                             canonical[own_branch_->size() - 1] == own_branch_->back())) {
            own_branch_ = canonical;
        }
        return *own_branch_;
    }
    if (stale.empty()) {
        return canonical;
    }
    if (stale.back().get() != last_stale_) {
        last_stale_ = stale.back().get();
        stale_since_ = now;
    }
    return now - stale_since_ < kStaleFor ? stale : canonical;
}

const Branch& Endpoint::shown(const Branch& truth) {
    if (!plan.lies) {
        liar_.reset();
        return truth;
    }
    if (!liar_) {
        liar_.emplace(*plan.lies, seed_);
    }
    return liar_->shown(truth);
}

ChainView Endpoint::view(const CallPlan& call_plan, Millis now) {
    const auto& truth = branch(call_plan, now);
    const auto top = truth.size() - 1;
    const bool stale = top >= chain_.branch().size() || truth.back() != chain_.branch()[top];
    const auto& has = shown(truth);
    counts[Fault::kStaleFork] += stale ? 1 : 0;
    const auto minus = [](std::uint64_t number, std::uint64_t less) {
        return number > less ? number - less : 0;
    };
    auto head = minus(top, call_plan.lag);
    if (!plan.balanced) {
        // A single node stays at its head; it does not go back.
        head = std::max(head, std::min(top, head_shown_));
        head_shown_ = head;
    }
    auto finalized = minus(chain_.finalized(), top - head);
    counts[Fault::kLag] += head < top ? 1 : 0;
    if (stale) {
        finalized = std::min(finalized, minus(head, chain_.finality_depth));
    }
    if (!call_plan.has(Fault::kStaleFinalized)) {
        frozen_final_.reset();
    } else {
        frozen_final_ = std::min(frozen_final_.value_or(finalized), finalized);
        finalized = *frozen_final_;
    }
    finalized = minus(finalized, call_plan.has(Fault::kFinalizedBehind) ? 1 : 0);
    if (plan.lies && plan.lies->all_final) {
        finalized = head;
    }
    if (!chain_.has_finalized || call_plan.has(Fault::kNoFinalized)) {
        return {has, head, std::nullopt, std::nullopt};
    }
    // `safe` is half way between finality and the head.
    return {has, head, std::max(finalized, minus(head, (chain_.finality_depth + 1) / 2)), finalized};
}

net::HttpResponse Endpoint::too_many(const CallPlan& call_plan) const {
    auto out = call_plan.dice % 2 == 0
                   ? http(429, error_body(nullptr, -32005, "daily request count exceeded"))
                   : http(429, page(429, "Too Many Requests"));
    if (plan.retry_after) {
        out.headers.emplace_back("Retry-After", std::to_string(plan.retry_after->count() / 1'000));
    }
    return out;
}

std::string Endpoint::one_answer(const ParsedRequest& request, const ChainView& view,
                                 const CallPlan& call_plan, std::size_t place) {
    const auto& body_json = request.value;
    const auto id = id_of(body_json);
    if (!body_json.is_object() || !body_json.contains("method") || !body_json["method"].is_string()) {
        return error_body(id, -32600, "invalid request");
    }
    const bool foreign = plan.chain != chain_.id;
    counts[Fault::kWrongChain] += foreign ? 1 : 0;
    const auto method = body_json["method"].get<std::string>();
    const bool spares_some = call_plan.dice % 2 == 1;
    if (call_plan.has(Fault::kOwnTrouble) && !(spares_some && place % 2 == 1)) {
        ++counts[Fault::kOwnTrouble];
        return node_error(id, method, call_plan.dice / 2);
    }
    try {
        const NodeCall call{view,  chain_, plan, foreign, [&](Fault fault) { return call_plan.has(fault); },
                            counts};
        const auto result = answer(call, method, body_json.value("params", json::array()));
        if (method == "eth_getLogs" && plan.bytes_per_log > 0) {
            for (auto at = result.find("logIndex"); at != std::string::npos;
                 at = result.find("logIndex", at + 1)) {
                ++logs_answered_;
            }
        }
        return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id.dump(), result);
    } catch (const eth::RpcError& error) {
        return error_body(id, error.code(), error.what(), error.data());
    }
}

std::string Endpoint::all_answers(const ParsedRequest& request, const ChainView& view,
                                  const CallPlan& call_plan) {
    const auto& body_json = request.value;
    if (body_json.is_discarded()) {
        return error_body(nullptr, -32700, "parse error");
    }
    if (!body_json.is_array()) {
        return one_answer(request, view, call_plan, 0);
    }
    std::string out = "[";
    std::size_t place = 0;
    for (const auto& one : body_json) {
        out += (place > 0 ? "," : "") + one_answer({one}, view, call_plan, place);
        ++place;
    }
    return out + "]";
}

std::optional<net::HttpResponse> Endpoint::refuse(const ParsedRequest& body_json) const {
    const auto id = id_of(body_json.value);
    switch (plan.limit_style) {
        case LimitStyle::kError:
            return http(200, error_body(id, plan.limit_code, plan.limit_text));
        case LimitStyle::kPayloadTooLarge:
            return http(413, page(413, "Request Entity Too Large"));
        case LimitStyle::kBadRequest:
            return http(400, error_body(id, plan.limit_code, plan.limit_text));
        case LimitStyle::kHang:
            return std::nullopt;
        case LimitStyle::kCut:
            throw net::TransportError(Kind::kCut, "the connection ended within the answer");
    }
    return std::nullopt;
}

std::optional<net::HttpResponse> Endpoint::end(const net::HttpRequest& request, const CallPlan& call_plan,
                                               Millis now) {
    if (call_plan.has(Fault::kRefused)) {
        throw net::TransportError(Kind::kConnect, "connection refused");
    }
    if (request.timeout > Millis(0) && call_plan.after >= request.timeout) {
        throw net::TransportError(Kind::kTimeout, "time-out");
    }
    if (call_plan.has(Fault::kTooMany)) {
        return too_many(call_plan);
    }
    if (call_plan.has(Fault::kServerError)) {
        return server_error(call_plan.dice);
    }
    if (call_plan.has(Fault::kCut)) {
        throw net::TransportError(Kind::kCut, "the connection ended within the answer");
    }
    const auto body_json = json::parse(request.body, nullptr, false);
    logs_answered_ = 0;
    std::string body;
    try {
        body = all_answers({body_json}, view(call_plan, now), call_plan);
    } catch (const LimitReached& limit) {
        ++counts[limit.fault];
        return refuse({body_json});
    }
    if (body.size() + logs_answered_ * plan.bytes_per_log > request.max_body) {
        ++counts[Fault::kTooLarge];
        throw net::TransportError(Kind::kTooLarge, "the answer is too large");
    }
    return http(200, call_plan.has(Fault::kGarbage) ? garbage(call_plan.dice, body) : std::move(body));
}

}  // namespace lamda::simulator
