#include "spec_fetch_loop.hpp"

#include <algorithm>

#include "projection.hpp"
#include "wire/job_spec.hpp"

namespace lamda::dispatch {

SpecFetchLoop::SpecFetchLoop(store::Database& database, ipfs::ContentStore& content, const Clock& clock,
                             telemetry::Log log)
    : database_(database), content_(content), clock_(clock), log_(std::move(log)) {}

void SpecFetchLoop::run(const std::stop_token& stop) {
    constexpr Millis kLongest{600'000};
    store::Listener listener(database_, {kWakeChannel});
    while (!stop.stop_requested()) {
        std::map<JobId, Wait> awaited;
        for (const auto& id : database_.transact([](store::Txn& txn) {
                 std::vector<JobId> out;
                 for (const auto row :
                      txn.exec("SELECT id FROM dispatch.job WHERE work_state = 'awaiting_spec' "
                               "AND chain_state = 'created' ORDER BY work_since DESC LIMIT 1000")) {
                     out.push_back(row.get<JobId>("id"));
                 }
                 return out;
             })) {
            const auto known = waits_.find(id);
            awaited.emplace(id, known == waits_.end() ? Wait{clock_.steady()} : known->second);
        }
        waits_ = std::move(awaited);
        for (auto& [id, wait] : waits_) {
            if (stop.stop_requested()) {
                return;
            }
            if (clock_.steady() >= wait.next) {
                fetch(id, stop);
                wait.next = clock_.steady() + wait.pause;
                wait.pause = std::min(2 * wait.pause, kLongest);
            }
        }
        listener.wait(Millis(500));
    }
}

void SpecFetchLoop::fetch(const JobId& id, const std::stop_token& stop) {
    try {
        const Bytes spec = content_.block(wire::spec_cid(id), stop);  // verified: its digest is the id
        if (spec.size() >= 2 && spec.size() <= 65'536) {
            database_.transact([&](store::Txn& txn) { txn.exec("SELECT api.put_spec($1)", {spec}); });
            log_.info("spec found on IPFS", {{"job_id", id.hex()}});
        }
    } catch (const ipfs::WrongBytes& e) {
        log_.warn("a source sent other bytes than a spec's CID names",
                  {{"job_id", id.hex()}, {"reason", e.what()}});
    } catch (const ipfs::Unavailable& e) {
        log_.debug("spec not on IPFS", {{"job_id", id.hex()}, {"reason", e.what()}});
    } catch (const ipfs::TooLarge&) {
        log_.debug("spec too large", {{"job_id", id.hex()}});
    }
}

}  // namespace lamda::dispatch
