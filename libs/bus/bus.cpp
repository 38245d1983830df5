#include "bus/bus.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>

#include "bus/detail/connection.hpp"
#include "bus/detail/consumer.hpp"
#include "bus/detail/subscription.hpp"

namespace lamda::bus {

namespace {
std::int64_t nanos(Millis duration) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

/// True for reply subjects: those of clients, and those that the server makes for a client of another
/// account.
bool is_for_answers(const std::string& subject) {
    return subject.starts_with("_INBOX.") || subject.starts_with("_R_.");
}

std::string text_of(const char* text) {
    return text == nullptr ? "" : text;
}

/// Outcome of a call of JetStream's interface. The parameters `what` name the call in exceptions.
struct Outcome {
    natsStatus status;
    jsErrCode error;

    /// False: the stream or durable does not exist.
    bool found(const std::string& what) const {
        if (status != NATS_OK && status != NATS_NOT_FOUND) {
            fail(what, status, error);
        }
        return status == NATS_OK;
    }
    void require_ok(const std::string& what) const {
        if (status != NATS_OK) {
            fail(what, status, error);
        }
    }
};

template <class Answer>
struct Answered : Outcome {
    Answer answer;
};

/// Waits for the connection, calls, and notes what the outcome says of JetStream. @param call gets the
/// context, and where to put the error. @throws Unavailable without a connection
template <class Call>
Outcome call_jetstream(Connection& connection, Call call) {
    connection.require(kConnectWait);
    jsErrCode error{};
    const natsStatus status = call(connection.js().get(), &error);
    connection.note_jetstream(status, error);
    return {status, error};
}

/// call_jetstream() for calls with an answer. @param call gets the context, where to put the answer, and
/// where to put the error
template <class T, void (*Destroy)(T*), class Call>
Answered<Owned<T, Destroy>> ask_jetstream(Connection& connection, Call call) {
    Owned<T, Destroy> answer;
    const auto outcome = call_jetstream(connection, [&](jsCtx* js, jsErrCode* error) {
        T* raw = nullptr;
        const natsStatus status = call(js, &raw, error);
        answer.reset(raw);
        return status;
    });
    return {outcome, std::move(answer)};
}

auto consumer_info(Connection& connection, const std::string& stream, const std::string& durable) {
    return ask_jetstream<jsConsumerInfo, jsConsumerInfo_Destroy>(
        connection, [&](jsCtx* js, jsConsumerInfo** info, jsErrCode* error) {
            return js_GetConsumerInfo(info, js, stream.c_str(), durable.c_str(), nullptr, error);
        });
}
}  // namespace

struct Bus::Impl {
    std::shared_ptr<Connection> connection;
};

Bus::Bus(const std::string& url, const std::string& client_name, telemetry::Log log,
         std::optional<Login> login)
    : impl_(std::make_unique<Impl>()) {
    impl_->connection = std::make_shared<Connection>(url, client_name, std::move(log), std::move(login));
}

Bus::~Bus() {
    impl_->connection->on_change(nullptr);
}

bool Bus::connected() const {
    return impl_->connection->connected();
}
std::string Bus::last_error() const {
    return impl_->connection->last_error();
}
bool Bus::login_refused() const {
    return impl_->connection->login_refused();
}
void Bus::reconnect() {
    if (const auto closing = impl_->connection->nats()) {
        natsConnection_Close(closing.get());
    }
}
void Bus::on_change(std::function<void(bool connected)> callback) {
    impl_->connection->on_change(std::move(callback));
}

void Bus::publish(const std::string& subject, const std::string& body) {
    auto& connection = *impl_->connection;
    if (!connection.connected()) {
        return;  // nats.c would buffer it and send it when it is stale
    }
    const auto status = natsConnection_Publish(connection.nats().get(), subject.c_str(), body.data(),
                                               static_cast<int>(body.size()));
    if (status != NATS_OK) {
        connection.log().warn("message not sent",
                              {{"subject", subject}, {"error", natsStatus_GetText(status)}});
    }
}

bool Bus::flush(Millis timeout) {
    auto& connection = *impl_->connection;
    return connection.connected() &&
           natsConnection_FlushTimeout(connection.nats().get(), std::max<std::int64_t>(timeout.count(), 1)) ==
               NATS_OK;
}

std::string Bus::request(const std::string& subject, const std::string& body, Millis timeout) {
    auto& connection = *impl_->connection;
    const Deadline deadline = connection.deadline(timeout);
    connection.require(timeout);
    natsMsg* raw = nullptr;
    const auto status = natsConnection_Request(&raw, connection.nats().get(), subject.c_str(), body.data(),
                                               static_cast<int>(body.size()),
                                               std::max<std::int64_t>(deadline.left().count(), 1));
    const OwnedMessage message(raw);
    if (status != NATS_OK) {
        fail("request to " + subject, status);
    }
    return to_message(raw).body;
}

void Bus::respond(const Message& request, const std::string& body) {
    if (is_for_answers(request.reply)) {
        publish(request.reply, body);
    }
}

Subscription Bus::subscribe(const std::string& subject, const std::string& queue_group,
                            std::function<void(const Message&)> callback) {
    return Subscription(
        std::make_unique<Subscription::Impl>(impl_->connection, subject, queue_group, std::move(callback)));
}

std::set<std::string> Bus::stream_names() {
    const auto names = ask_jetstream<jsStreamNamesList, jsStreamNamesList_Destroy>(
        *impl_->connection, [](jsCtx* js, jsStreamNamesList** list, jsErrCode* error) {
            return js_StreamNames(list, js, nullptr, error);
        });
    if (!names.found("names of the streams")) {
        return {};
    }
    return {names.answer->List, names.answer->List + names.answer->Count};
}

std::set<std::string> Bus::durable_names(const std::string& stream) {
    const auto names = ask_jetstream<jsConsumerNamesList, jsConsumerNamesList_Destroy>(
        *impl_->connection, [&](jsCtx* js, jsConsumerNamesList** list, jsErrCode* error) {
            return js_ConsumerNames(list, js, stream.c_str(), nullptr, error);
        });
    if (!names.found("names of the durables of " + stream)) {
        return {};
    }
    return {names.answer->List, names.answer->List + names.answer->Count};
}

void Bus::ensure_stream(const StreamSpec& spec) {
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    std::vector<const char*> subjects;
    subjects.reserve(spec.subjects.size());
    for (const auto& subject : spec.subjects) {
        subjects.push_back(subject.c_str());
    }
    config.Name = spec.name.c_str();
    config.Subjects = subjects.data();
    config.SubjectsLen = static_cast<int>(subjects.size());
    const bool work_queue = spec.retention == StreamSpec::Retention::kWorkQueue;
    config.Retention = work_queue ? js_WorkQueuePolicy : js_LimitsPolicy;
    // A full work queue refuses new messages, which stay in the outbox; other streams drop the oldest.
    config.Discard = work_queue ? js_DiscardNew : js_DiscardOld;
    config.Storage = js_FileStorage;
    config.MaxAge = nanos(spec.max_age);
    config.MaxBytes = spec.max_bytes;
    config.MaxMsgSize = spec.max_message_bytes;
    config.Replicas = spec.replicas;
    const bool ages = spec.max_age.count() > 0;
    config.Duplicates = nanos(ages ? std::min(spec.max_age, spec.duplicate_window) : spec.duplicate_window);
    const auto put = ask_jetstream<jsStreamInfo, jsStreamInfo_Destroy>(
        *impl_->connection, [&](jsCtx* js, jsStreamInfo** info, jsErrCode* error) {
            const auto added = js_AddStream(info, js, &config, nullptr, error);
            if (added == NATS_OK || *error != JSStreamNameExistErr) {
                return added;
            }
            jsStreamInfo_Destroy(std::exchange(*info, nullptr));
            return js_UpdateStream(info, js, &config, nullptr, error);
        });
    put.require_ok("stream " + spec.name);
}

void Bus::ensure_durable(const std::string& stream, const std::string& durable,
                         const std::string& filter_subject, Millis ack_wait, std::int64_t most_pending,
                         std::uint64_t start_sequence) {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = durable.c_str();
    config.FilterSubject = filter_subject.empty() ? nullptr : filter_subject.c_str();
    config.AckPolicy = js_AckExplicit;
    config.DeliverPolicy = start_sequence > 0 ? js_DeliverByStartSequence : js_DeliverAll;
    config.OptStartSeq = start_sequence;
    config.AckWait = nanos(ack_wait);
    config.MaxDeliver = -1;
    config.MaxAckPending = most_pending;
    const auto added = ask_jetstream<jsConsumerInfo, jsConsumerInfo_Destroy>(
        *impl_->connection, [&](jsCtx* js, jsConsumerInfo** info, jsErrCode* error) {
            return js_AddConsumer(info, js, stream.c_str(), &config, nullptr, error);
        });
    added.require_ok("durable " + durable + " of " + stream);
}

bool Bus::has_durable(const std::string& stream, const std::string& durable) {
    return consumer_info(*impl_->connection, stream, durable).found("durable " + durable + " of " + stream);
}

StreamState Bus::stream_state(const std::string& stream) {
    const auto info = ask_jetstream<jsStreamInfo, jsStreamInfo_Destroy>(
        *impl_->connection, [&](jsCtx* js, jsStreamInfo** out, jsErrCode* error) {
            return js_GetStreamInfo(out, js, stream.c_str(), nullptr, error);
        });
    info.require_ok("stream " + stream);
    return {info.answer->Created, info.answer->State.LastSeq, info.answer->State.Msgs,
            info.answer->State.NumDeleted};
}

std::uint64_t Bus::last_sequence(const std::string& stream) {
    return stream_state(stream).last_sequence;
}

std::vector<DurableState> Bus::durables(const std::string& stream) {
    const auto found = ask_jetstream<jsConsumerInfoList, jsConsumerInfoList_Destroy>(
        *impl_->connection, [&](jsCtx* js, jsConsumerInfoList** out, jsErrCode* error) {
            return js_Consumers(out, js, stream.c_str(), nullptr, error);
        });
    if (!found.found("durables of " + stream)) {
        return {};
    }
    const auto& list = found.answer;
    std::vector<DurableState> out;
    out.reserve(static_cast<std::size_t>(list->Count));
    std::transform(
        list->List, list->List + list->Count, std::back_inserter(out), [](const jsConsumerInfo* info) {
            return DurableState{
                info->Name,
                text_of(info->Config->FilterSubject),
                info->Delivered.Stream,
                info->AckFloor.Stream,
                std::chrono::duration_cast<Millis>(std::chrono::nanoseconds(info->Config->AckWait)),
                info->Config->MaxAckPending,
                info->NumPending + static_cast<std::uint64_t>(info->NumAckPending)};
        });
    return out;
}

void Bus::delete_durable(const std::string& stream, const std::string& durable) {
    const auto deleted = call_jetstream(*impl_->connection, [&](jsCtx* js, jsErrCode* error) {
        return js_DeleteConsumer(js, stream.c_str(), durable.c_str(), nullptr, error);
    });
    deleted.found("deletion of durable " + durable + " of " + stream);
}

std::uint64_t Bus::undelivered(const std::string& stream, const std::string& durable) {
    const auto info = consumer_info(*impl_->connection, stream, durable);
    info.require_ok("durable " + durable + " of " + stream);
    return info.answer->NumPending;
}

bool Bus::can_read(const std::string& stream, std::uint64_t sequence) {
    const auto read = ask_jetstream<natsMsg, natsMsg_Destroy>(
        *impl_->connection, [&](jsCtx* js, natsMsg** message, jsErrCode* error) {
            return js_GetMsg(message, js, stream.c_str(), sequence, nullptr, error);
        });
    if (read.status == NATS_NOT_FOUND && read.error == JSNoMessageFoundErr) {
        return false;
    }
    read.require_ok("message " + std::to_string(sequence) + " of " + stream);
    return true;
}

bool Bus::holds(const std::string& stream, std::uint64_t sequence) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Stream.Info.DeletedDetails = true;
    const auto info = ask_jetstream<jsStreamInfo, jsStreamInfo_Destroy>(
        *impl_->connection, [&](jsCtx* js, jsStreamInfo** out, jsErrCode* error) {
            return js_GetStreamInfo(out, js, stream.c_str(), &options, error);
        });
    info.require_ok("stream " + stream);
    const auto& state = info.answer->State;
    const std::span<const std::uint64_t> removed(state.Deleted, static_cast<std::size_t>(state.DeletedLen));
    return state.Msgs > 0 && sequence >= state.FirstSeq && sequence <= state.LastSeq &&
           std::find(removed.begin(), removed.end(), sequence) == removed.end();
}

void Bus::purge_stream(const std::string& stream) {
    const auto purged = call_jetstream(*impl_->connection, [&](jsCtx* js, jsErrCode* error) {
        return js_PurgeStream(js, stream.c_str(), nullptr, error);
    });
    purged.require_ok("purge of stream " + stream);
}

Published Bus::publish_durable(const std::vector<Outgoing>& messages, Millis timeout) {
    return impl_->connection->publish_durable(messages, timeout);
}

Consumer Bus::consume(const std::string& stream, const std::string& durable) {
    return Consumer(std::make_unique<Consumer::Impl>(impl_->connection, stream, durable));
}

}  // namespace lamda::bus
