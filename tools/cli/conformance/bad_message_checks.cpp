// Checks of messages that an agent must refuse: malformed ones, and those of others.
#include <map>

#include "tools/cli/conformance/checks.hpp"
#include "wire/subjects.hpp"

namespace lamda::cli::conformance {
namespace {

void require_none(Session& s, const JobId& job, const std::string& what) {
    if (!statuses_of(s.record(), job, 1).empty()) {
        throw CheckFailed(what + " has a status");
    }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
    return text;
}

void malformed(Session& s) {
    const auto job = s.job({"true"});
    const auto good = wire::to_json(job);
    std::vector<std::pair<std::string, std::uint64_t>> sent;
    for (const auto& [what, body] : std::vector<std::pair<std::string, std::string>>{
             {"a message that is not JSON", "assignment"},
             {"an empty message", ""},
             {"an assignment with v 2", replaced(good, R"("v":1)", R"("v":2)")},
             {"an assignment without a command", replaced(good, R"("command")", R"("commando")")},
             {"an assignment with attempt 0", replaced(good, R"("attempt":1)", R"("attempt":0)")}}) {
        sent.emplace_back(what, s.assign_raw(body));
    }
    for (const auto& [what, sequence] : sent) {
        s.expect_settled(wire::kJobsStream, sequence, what);
    }
    for (const auto* body : {"retraction", R"({"v":1,"attempt":1})"}) {
        s.expect_settled(wire::kRetractStream, s.retract_raw(body), "a malformed retraction");
    }
    s.expect_works();
    require_none(s, job.job_id, "a malformed assignment");
}

void other_provider(Session& s) {
    auto job = s.job({"true"});
    job.provider.array()[0] ^= 1U;
    s.expect_settled(wire::kJobsStream, s.assign(job), "an assignment for another provider");
    s.expect_works();
    require_none(s, job.job_id, "an assignment for another provider");
}

void impossible_image(Session& s) {
    auto job = s.job({"true"});
    job.docker_image = "Not/An Image";
    s.assign(job);
    s.expect("`failed` with errorCode refused for an invalid image name", [&](const Record& seen) {
        const auto final = final_of(seen, job.job_id, 1);
        return final && final->error_code == wire::ErrorCode::kRefused;
    });
    s.expect_works();
}

void other_market(Session& s) {
    auto chain = s.job({"true"});
    chain.chain_id = ChainId{chain.chain_id.value + 1};
    auto contract = s.job({"true"});
    contract.job_manager->array()[0] ^= 1U;
    const std::string of_chain = "an assignment of another chain";
    const std::string of_contract = "an assignment of another JobManager";
    const std::map<std::uint64_t, std::string> sent{{s.assign(chain), of_chain},
                                                    {s.assign(contract), of_contract}};
    for (const auto& [sequence, what] : sent) {
        s.expect(what + " returned (negative acknowledgement)", [&](const Record& seen) {
            return answered(seen, wire::kJobsStream, sequence, Answer::kNak);
        });
    }
    s.retract(chain.job_id, 1);  // the next delivery is the last
    s.retract(contract.job_id, 1);
    for (const auto& [sequence, what] : sent) {
        s.expect_settled(wire::kJobsStream, sequence, what);
    }
    require_none(s, chain.job_id, of_chain);
    require_none(s, contract.job_id, of_contract);
}

}  // namespace

std::vector<Check> bad_message_checks() {
    return {
        {"malformed", "messages that can never be used are ended, and disturb nothing",
         "Messages, Assignment", malformed},
        {"other-provider", "an assignment for another provider is not run", "Messages, Assignment",
         other_provider},
        {"invalid-image", "an invalid image name is refused, with a status", "Messages, Status",
         impossible_image},
        {"other-market", "an assignment of another chain or JobManager is returned, and nothing is signed",
         "Messages, Assignment", other_market},
    };
}

}  // namespace lamda::cli::conformance
