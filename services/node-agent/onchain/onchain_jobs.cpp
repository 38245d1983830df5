#include "services/node-agent/onchain/onchain_jobs.hpp"

#include "contracts/job_manager.hpp"

namespace lamda::agent {

namespace jm = contracts::job_manager;

namespace {

using Kind = txsender::Objection::Kind;

std::optional<txsender::Objection> objection_to_both(const Result<OnchainJob>& record, const Address& self) {
    if (!record) {
        return txsender::Objection{"getJobInfo: " + record.error().message, Kind::kUnanswered};
    }
    if (!record->created) {
        return txsender::Objection{"the job is not on chain, or not final yet", Kind::kPark};
    }
    if (record->provider != self) {
        return txsender::Objection{"the job belongs to another provider", Kind::kPark};
    }
    return std::nullopt;
}

}  // namespace

Result<OnchainJob> read_record(const Result<Bytes>& answer) {
    if (!answer) {
        // Other implementations of the interface may revert for an unknown job.
        return answer.error().code == "reverted" ? Result<OnchainJob>(OnchainJob{}) : answer.error();
    }
    const auto info = jm::GetJobInfo::decode_result(*answer);
    if (!info) {
        return Error{"unreadable", "unexpected answer: " + info.error().message, ""};
    }
    return OnchainJob{info->provider, info->created_at != 0, info->confirmed_at != 0};
}

std::optional<txsender::Objection> objection_to_confirm(const Result<OnchainJob>& record,
                                                        const Address& self) {
    return objection_to_both(record, self);
}

std::optional<txsender::Objection> objection_to_claim(const Result<OnchainJob>& record, const Address& self) {
    if (auto objection = objection_to_both(record, self)) {
        return objection;
    }
    if (!record->confirmed) {
        return txsender::Objection{"not confirmed yet, or the confirmation is not final", Kind::kPark};
    }
    return std::nullopt;
}

OnchainJobs::OnchainJobs(Address job_manager, rpcpool::MultiRpc& bsc, const Clock& clock)
    : job_manager_(job_manager), bsc_(bsc), chain_(bsc, {{job_manager}, {}, {}}, clock, 1) {}

eth::CallRequest OnchainJobs::request(const JobId& job) const {
    eth::CallRequest out;
    out.to = job_manager_;
    out.data = jm::GetJobInfo{job.as<Bytes32>()}.encode();
    return out;
}

std::vector<Result<OnchainJob>> OnchainJobs::final(const std::vector<JobId>& jobs) {
    std::vector<eth::CallRequest> requests;
    for (const auto& job : jobs) {
        requests.push_back(request(job));
    }
    chain_.begin();
    std::vector<Result<OnchainJob>> out;
    for (const auto& answer : chain_.calls(requests)) {
        out.push_back(read_record(answer));
    }
    return out;
}

Result<OnchainJob> OnchainJobs::latest(const JobId& job) {
    try {
        return read_record(bsc_.call(request(job), eth::Tag::kLatest));
    } catch (const eth::RpcError& error) {
        if (error.is_revert()) {
            return OnchainJob{};
        }
        throw;
    }
}

}  // namespace lamda::agent
