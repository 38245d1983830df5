#include "services/job-dispatcher/bus/command_store.hpp"

#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "store/channels.hpp"

namespace lamda::dispatch {

namespace {

std::optional<StoredAnswer> find_answer(store::Txn& txn, const std::string& request_id) {
    const auto row =
        txn.first("SELECT answer, asked FROM dispatch.command WHERE request_id = $1", {request_id});
    return row ? std::optional(StoredAnswer{row->get<std::string>("answer"), row->maybe<Bytes32>("asked")})
               : std::nullopt;
}

}  // namespace

CommandCase load_command(store::Txn& txn, const wire::Command& command, std::optional<Policy> policy) {
    const auto& request_id = command.request_id;
    txn.exec("SELECT pg_advisory_xact_lock(hashtextextended('dispatch.command:' || $1, 0))", {request_id});
    CommandCase out;
    out.policy = policy;
    out.stored = find_answer(txn, request_id);
    if (!out.stored) {
        auto rows = lock_jobs(txn, {wire::job_of(command)});
        if (!rows.empty()) {
            out.row = std::move(rows.begin()->second);
        }
    }
    return out;
}

void save_command(store::Txn& txn, const wire::Command& command, const CommandEffect& effect, ChainId chain,
                  Timestamp now) {
    if (!effect.write.nothing()) {
        std::vector<JobWrite> writes{effect.write};
        write_jobs(txn, writes, chain, now);
    }
    if (effect.spec) {
        put_spec(txn, as_bytes(effect.spec->canonical));
        attach_spec(txn, effect.spec->attached);
        txn.notify(store::kJobChannel);
    }
    txn.exec("INSERT INTO dispatch.command (request_id, answer, asked) VALUES ($1, $2, $3)",
             {command.request_id, effect.answer.answer, effect.answer.asked});
}

void delete_answers(store::Txn& txn, Timestamp before) {
    txn.exec("DELETE FROM dispatch.command WHERE at < $1", {before});
}

}  // namespace lamda::dispatch
