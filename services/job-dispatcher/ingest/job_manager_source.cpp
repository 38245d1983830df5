#include "services/job-dispatcher/ingest/job_manager_source.hpp"

#include <algorithm>

#include "contracts/job_manager.hpp"

namespace lamda::dispatch {

namespace {

namespace jm = contracts::job_manager;

struct ToFact {
    JobFact& fact;
    void operator()(const jm::JobCreated& log) const {
        fact.kind = ChainFact::kCreated;
        fact.job_id = log.job_id.as<JobId>();
        fact.renter = log.renter;
        fact.provider = log.provider;
        fact.amount = log.payment;
    }
    void operator()(const jm::JobConfirmed& log) const {
        fact.kind = ChainFact::kConfirmed;
        fact.job_id = log.job_id.as<JobId>();
    }
    void operator()(const jm::PaymentClaimed& log) const {
        fact.kind = ChainFact::kClaimed;
        fact.job_id = log.job_id.as<JobId>();
        fact.provider = log.provider;
        fact.amount = log.amount;
    }
};

}  // namespace

std::vector<Topic> JobManagerSource::topics() const {
    return jm::all_topics();
}

void JobManagerSource::read(const ingest::Batch& batch, FactList& out) const {
    auto header = batch.headers.begin();
    for (const auto& log : batch.logs) {
        const auto decoded = jm::decode_event(log);
        if (!decoded) {
            continue;
        }
        JobFact fact;
        std::visit(ToFact{fact}, *decoded);
        header =
            std::lower_bound(header, batch.headers.end(), log.block_num,
                             [](const auto& known, BlockNum number) { return known.ref.number < number; });
        const bool known = header != batch.headers.end() && header->ref.number == log.block_num;
        fact.at = from_unix_seconds(known ? header->timestamp : batch.to_timestamp);
        fact.position = ChainPosition{{log.block_num, log.block_hash}, log.log_index, log.tx_hash};
        out.add(fact);
    }
}

}  // namespace lamda::dispatch
