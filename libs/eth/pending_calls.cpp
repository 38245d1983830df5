#include "eth/pending_calls.hpp"

namespace lamda::eth {

PendingCalls::Id PendingCalls::ask(const std::string& url, Millis timeout, RpcCall rpc_call) {
    const auto request_id = next_request_id_++;
    const Id id = exchanges_->start(to_http(rpc_call, url, request_id, timeout));
    asked_.emplace(id, Asked{std::move(rpc_call), request_id});
    return id;
}

std::optional<PendingCalls::Answered> PendingCalls::next(Steady deadline) {
    auto ended = exchanges_->next(deadline);
    if (!ended) {
        return std::nullopt;
    }
    Answered out;
    out.id = ended->id;
    out.error = ended->error;
    const auto asked = asked_.extract(ended->id);
    if (ended->response) {
        out.bytes = ended->response->body.size();
        try {
            asked.mapped().rpc_call.read(asked.mapped().request_id, *ended->response);
        } catch (const std::exception&) {
            out.error = std::current_exception();
        }
    }
    return out;
}

void PendingCalls::cancel(Id id) {
    exchanges_->cancel(id);
    asked_.erase(id);
}

}  // namespace lamda::eth
