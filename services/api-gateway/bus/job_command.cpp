#include "services/api-gateway/bus/job_command.hpp"

#include "services/api-gateway/bus/bus_reply.hpp"
#include "wire/command_proof.hpp"
#include "wire/subjects.hpp"

namespace lamda::gateway {

namespace {
constexpr Millis kTimeout{5'000};
}

std::string send_command(const Parts& parts, const wire::Command& what) {
    const auto text = parts.bus.request(wire::kJobsCommand, wire::to_json(what), kTimeout);
    if (what.proof && !wire::answer_is_proven(text, what, parts.config.operator_token.reveal())) {
        parts.log.error("command answered without the dispatcher's proof",
                        {{"request_id", what.request_id}, {"job_id", wire::job_of(what).hex()}});
        throw problem::Problem{
            503,
            "answer_not_proven",
            "",
            "the answer has no valid proof of the job dispatcher: its OPERATOR_TOKEN differs, or "
            "another client answered; the command may have been executed",
            {}};
    }
    require_result(text);
    return text;
}

}  // namespace lamda::gateway
