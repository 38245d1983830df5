#include "eth/pending_calls.hpp"

namespace lamda::eth {

Conversation::Id Conversation::ask(const std::string& url, Millis timeout, Question question) {
    const auto request_id = next_request_id_++;
    const Id id = exchanges_->start(to_http(question, url, request_id, timeout));
    asked_.emplace(id, Asked{std::move(question), request_id});
    return id;
}

std::optional<Conversation::Answered> Conversation::next(Steady deadline) {
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
            asked.mapped().question.read(asked.mapped().request_id, *ended->response);
        } catch (const std::exception&) {
            out.error = std::current_exception();
        }
    }
    return out;
}

void Conversation::cancel(Id id) {
    exchanges_->cancel(id);
    asked_.erase(id);
}

}  // namespace lamda::eth
