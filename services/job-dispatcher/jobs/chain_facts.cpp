#include "services/job-dispatcher/jobs/chain_facts.hpp"

#include <algorithm>

#include "contracts/job_manager.hpp"

namespace lamda::dispatch {

namespace {

namespace jm = contracts::job_manager;

struct ToFact {
    JobEvent& event;
    void operator()(const jm::JobCreated& log) const {
        event.job_id = log.job_id.as<JobId>();
        event.fact = ChainFact::kCreated;
        event.body.renter = log.renter;
        event.body.provider = log.provider;
        event.body.amount = log.payment;
    }
    void operator()(const jm::JobConfirmed& log) const {
        event.job_id = log.job_id.as<JobId>();
        event.fact = ChainFact::kConfirmed;
    }
    void operator()(const jm::PaymentClaimed& log) const {
        event.job_id = log.job_id.as<JobId>();
        event.fact = ChainFact::kClaimed;
        event.body.provider = log.provider;
        event.body.amount = log.amount;
    }
};

}  // namespace

std::vector<JobEvent> facts_of(const ingest::Batch& batch, std::span<const eth::Log> logs) {
    std::vector<JobEvent> out;
    out.reserve(logs.size());
    auto header = batch.headers.begin();
    for (const auto& log : logs) {
        const auto decoded = jm::decode_event(log);
        if (!decoded) {
            continue;
        }
        JobEvent& event = out.emplace_back();
        std::visit(ToFact{event}, *decoded);
        header =
            std::lower_bound(header, batch.headers.end(), log.block_num,
                             [](const auto& known, BlockNum number) { return known.ref.number < number; });
        const bool known = header != batch.headers.end() && header->ref.number == log.block_num;
        event.at = from_unix_seconds(known ? header->timestamp : batch.to_timestamp);
        event.position = ChainPosition{{log.block_num, log.block_hash}, log.log_index, log.tx_hash};
    }
    return out;
}

}  // namespace lamda::dispatch
