#include "onchain/job_manager_reader.hpp"

#include <algorithm>
#include <map>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "onchain/preflight.hpp"

namespace lamda::onchain {
namespace {

namespace jm = contracts::job_manager;
namespace nr = contracts::node_reputation;

constexpr std::uint64_t kWindow = 5'000;  // initial blocks per eth_getLogs

// Nodes limit ranges and results with different errors: after any error the range is halved.
void collect(eth::Rpc& rpc, BlockNum from, BlockNum to, const eth::LogFilter& filter,
             std::vector<eth::Log>& out) {
    try {
        auto logs = rpc.logs(from, to, filter);
        out.insert(out.end(), std::make_move_iterator(logs.begin()), std::make_move_iterator(logs.end()));
        return;
    } catch (const std::runtime_error&) {
        if (from == to) {
            throw;
        }
    }
    const BlockNum middle{from.value + (to.value - from.value) / 2};
    collect(rpc, from, middle, filter, out);
    collect(rpc, middle.next(), to, filter, out);
}

std::vector<eth::Log> logs_since(eth::Rpc& rpc, BlockNum from, const eth::LogFilter& filter) {
    const BlockNum head = rpc.block_number();
    std::vector<eth::Log> out;
    for (BlockNum at = from; at <= head; at = at + kWindow) {
        collect(rpc, at, std::min(at + (kWindow - 1), head), filter, out);
    }
    return out;
}

// Block times, each requested once.
class Times {
  public:
    explicit Times(eth::Rpc& rpc) : rpc_(rpc) {}
    Occurrence occurrence(const eth::Log& log) {
        auto it = known_.find(log.block_num);
        if (it == known_.end()) {
            const auto header = rpc_.header(log.block_num);
            it = known_.emplace(log.block_num, header ? from_unix_seconds(header->timestamp) : Timestamp{})
                     .first;
        }
        return {log.tx_hash, {log.block_num, log.block_hash}, it->second};
    }

  private:
    eth::Rpc& rpc_;
    std::map<BlockNum, Timestamp> known_;
};

// Folds one JobManager log into its jobs.
void fold(const eth::Log& log, Times& times, std::map<JobId, JobView>& jobs, std::vector<JobId>& order) {
    const auto event = jm::decode_event(log);
    if (!event) {
        return;
    }
    if (const auto* created = std::get_if<jm::JobCreated>(&*event)) {
        const auto id = created->job_id.as<JobId>();
        JobView& job = jobs[id];
        job.id = id;
        job.renter = created->renter;
        job.provider = created->provider;
        job.payment = created->payment;
        job.created = times.occurrence(log);
        order.push_back(id);
    } else if (const auto* confirmed = std::get_if<jm::JobConfirmed>(&*event)) {
        if (auto it = jobs.find(confirmed->job_id.as<JobId>()); it != jobs.end()) {
            it->second.confirmed = times.occurrence(log);
        }
    } else if (const auto* claimed = std::get_if<jm::PaymentClaimed>(&*event)) {
        if (auto it = jobs.find(claimed->job_id.as<JobId>()); it != jobs.end()) {
            it->second.paid = times.occurrence(log);
        }
    }
}

eth::LogFilter filter_of(const Address& contract, std::vector<Topic> topics) {
    eth::LogFilter filter;
    filter.addresses = {contract};
    filter.topic0 = std::move(topics);
    return filter;
}

}  // namespace

std::string_view JobView::state() const {
    return paid ? "paid" : confirmed ? "confirmed" : "created";
}

BlockNum block_at(eth::Rpc& rpc, Timestamp at) {
    BlockNum low{0};
    BlockNum high = rpc.block_number();
    while (low < high) {
        const BlockNum middle{low.value + (high.value - low.value) / 2};
        const auto header = rpc.header(middle);
        if (header && from_unix_seconds(header->timestamp) >= at) {
            high = middle;
        } else {
            low = middle.next();
        }
    }
    return low;
}

JobManagerReader::JobManagerReader(eth::Rpc& bsc, Address job_manager)
    : bsc_(bsc), job_manager_(job_manager) {
    require_contract(bsc_, job_manager_, "JobManager");
}

std::optional<JobView> JobManagerReader::job(const JobId& id) {
    jm::GetJobInfo call;
    call.id = id.as<Bytes32>();
    eth::CallRequest request;
    request.to = job_manager_;
    request.data = call.encode();
    std::optional<std::uint64_t> created_at;
    try {
        const auto info = jm::GetJobInfo::decode_result(bsc_.call(request, eth::Tag::kLatest));
        if (info && info->created_at != 0) {
            created_at = to_u64(info->created_at).value_or(0);
        }
    } catch (const eth::RpcError& error) {
        if (!error.is_revert()) {
            throw;  // a failure of the node
        }
        // Other implementations of the interface may revert for an unknown job instead of returning zeroes.
        return std::nullopt;
    }
    if (!created_at) {
        return std::nullopt;
    }
    auto filter = filter_of(job_manager_, jm::all_topics());
    filter.topic1 = {id.as<Topic>()};
    Times times(bsc_);
    std::map<JobId, JobView> jobs;
    std::vector<JobId> order;
    for (const auto& log : logs_since(bsc_, block_at(bsc_, from_unix_seconds(*created_at)), filter)) {
        fold(log, times, jobs, order);
    }
    const auto it = jobs.find(id);
    return it == jobs.end() ? std::nullopt : std::optional(it->second);
}

std::vector<JobView> JobManagerReader::jobs(BlockNum from) {
    Times times(bsc_);
    std::map<JobId, JobView> jobs;
    std::vector<JobId> order;
    for (const auto& log : logs_since(bsc_, from, filter_of(job_manager_, jm::all_topics()))) {
        fold(log, times, jobs, order);
    }
    std::vector<JobView> out;
    out.reserve(order.size());
    for (const auto& id : order) {
        out.push_back(jobs.at(id));
    }
    return out;
}

ReputationView::ReputationView(eth::Rpc& opbnb, Address node_reputation)
    : opbnb_(opbnb), node_reputation_(node_reputation) {
    require_contract(opbnb_, node_reputation_, "NodeReputation");
}

ProviderView ReputationView::provider(const Address& address) {
    nr::GetProviderInfo call;
    call.provider = address;
    eth::CallRequest request;
    request.to = node_reputation_;
    request.data = call.encode();
    const auto answer = nr::GetProviderInfo::decode_result(opbnb_.call(request, eth::Tag::kLatest));
    if (!answer) {
        throw std::runtime_error("getProviderInfo returned malformed data: " + answer.error().message);
    }
    ProviderView out;
    out.address = address;
    out.registered = answer->info.is_registered;
    out.gpu_model = answer->info.gpu_model;
    out.vram = answer->info.vram;
    out.last_seen = from_unix_seconds(to_u64(answer->info.last_seen).value_or(0));
    out.jobs = answer->job_count;
    return out;
}

std::vector<Address> ReputationView::providers(BlockNum from) {
    std::vector<Address> out;
    for (const auto& log :
         logs_since(opbnb_, from, filter_of(node_reputation_, {nr::NodeRegistered::topic()}))) {
        const auto event = nr::NodeRegistered::decode(log);
        if (event && std::find(out.begin(), out.end(), event->provider) == out.end()) {
            out.push_back(event->provider);
        }
    }
    return out;
}

std::vector<IncrementView> ReputationView::increments(BlockNum from) {
    // Selector, provider word, then the job id that Lamda appends
    // (docs/architecture.md, "Writing to a chain").
    constexpr std::size_t kJobAt = 4 + 32;
    Times times(opbnb_);
    std::vector<IncrementView> out;
    for (const auto& log :
         logs_since(opbnb_, from, filter_of(node_reputation_, {nr::JobCountIncremented::topic()}))) {
        const auto event = nr::JobCountIncremented::decode(log);
        if (!event) {
            continue;
        }
        IncrementView view;
        view.provider = event->provider;
        view.new_count = event->new_count;
        view.occurrence = times.occurrence(log);
        const auto tx = opbnb_.transaction(log.tx_hash);
        if (tx && tx->input.size() == kJobAt + JobId::kSize) {
            view.job = *JobId::from_bytes(BytesView(tx->input).subspan(kJobAt));
        }
        out.push_back(std::move(view));
    }
    return out;
}

}  // namespace lamda::onchain
