#include "chaos/evm_node.hpp"

namespace lamda::chaos {

using net::testing::LoopbackServer;
using simulator::Fault;

namespace {

simulator::EndpointPlan plan() {
    simulator::EndpointPlan out;
    out.latency = Millis(0);
    out.jitter = Millis(2);
    out.balanced = true;
    out.lag = 4;
    return out;
}

void set_error_rates(simulator::EndpointPlan& plan, double share) {
    for (const auto fault : {Fault::kRefused, Fault::kServerError, Fault::kCut, Fault::kGarbage, Fault::kSlow,
                             Fault::kStaleFork, Fault::kNoFinalized}) {
        plan.rates[fault] = share / 7;
    }
    plan.rates[Fault::kLag] = share > 0 ? 0.3 : 0;
}

}  // namespace

EvmNode::EvmNode(std::uint64_t seed, Address wallet, Millis block_time)
    : chain_(seed, clock_, Millis(3'600'000)),
      wallet_(wallet),
      block_time_(block_time),
      first_(plan(), chain_, seed + 1),
      second_(plan(), chain_, seed + 2),
      first_server_([this](const auto& request) { return answer(first_, request.body); }),
      second_server_([this](const auto& request) { return answer(second_, request.body); }) {
    chain_.finality_depth = 8;
    miner_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

EvmNode::~EvmNode() = default;

std::vector<std::string> EvmNode::urls() const {
    return {first_server_.url(), second_server_.url()};
}

void EvmNode::set_faults(const NodeFaults& faults) {
    const std::lock_guard lock(mutex_);
    faults_ = faults;
    chain_.faults.lost_answer = faults.lost_answer;
    set_error_rates(first_.plan, faults.error_rate);
    set_error_rates(second_.plan, faults.error_rate);
    if (faults.base_fee_change == 0) {
        chain_.base_fee = 1'000;
    }
}

void EvmNode::set_mining(bool on) {
    const std::lock_guard lock(mutex_);
    mining_ = on;
}

/// The request arrives after half of the delay, even if the client has died meanwhile; the answer leaves
/// after the other half.
LoopbackServer::Answer EvmNode::answer(simulator::Endpoint& endpoint, const std::string& body) {
    net::HttpRequest request;
    request.body = body;
    request.timeout = Millis(0);
    std::unique_lock lock(mutex_);
    const auto now = std::chrono::duration_cast<Millis>(clock_.steady().time_since_epoch());
    const auto call_plan = endpoint.begin(request, now);
    lock.unlock();
    std::this_thread::sleep_for(call_plan.after / 2);
    lock.lock();
    std::optional<net::HttpResponse> response;
    try {
        response = endpoint.end(request, call_plan, now);
    } catch (const net::TransportError&) {
        return {"", true};
    }
    lock.unlock();
    ++calls_;
    std::this_thread::sleep_for(call_plan.after / 2);
    return LoopbackServer::reply(response->body, std::to_string(response->status) + " status");
}

void EvmNode::next_block() {
    const auto& w = faults_;
    if (chain_.chance(w.reorg)) {
        chain_.reorg(1 + chain_.random()() % 5, chain_.chance(w.dropped));
    }
    if (chain_.chance(w.dropped * w.reorg)) {
        chain_.drop_pool();
    }
    if (w.base_fee_change > 0 && chain_.chance(w.base_fee_change)) {
        chain_.base_fee = 500 + chain_.random()() % 5'000;
    }
    if (chain_.chance(w.foreign)) {
        chain_.mine_foreign(wallet_);
    } else {
        chain_.mine();
    }
}

void EvmNode::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            const std::lock_guard lock(mutex_);
            if (mining_) {
                next_block();
            }
        }
        std::this_thread::sleep_for(block_time_);
    }
}

}  // namespace lamda::chaos
