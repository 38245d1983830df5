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

using OwnedStreamInfo = Owned<jsStreamInfo, jsStreamInfo_Destroy>;
using OwnedStreamNames = Owned<jsStreamNamesList, jsStreamNamesList_Destroy>;
using OwnedConsumerNames = Owned<jsConsumerNamesList, jsConsumerNamesList_Destroy>;
using OwnedConsumers = Owned<jsConsumerInfoList, jsConsumerInfoList_Destroy>;
using OwnedConsumerInfo = Owned<jsConsumerInfo, jsConsumerInfo_Destroy>;
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
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsStreamNamesList* list = nullptr;
    jsErrCode error{};
    const auto status = js_StreamNames(&list, connection.js().get(), nullptr, &error);
    const OwnedStreamNames owned(list);
    connection.note_jetstream(status, error);
    if (status == NATS_NOT_FOUND) {
        return {};
    }
    if (status != NATS_OK) {
        fail("names of the streams", status, error);
    }
    return {list->List, list->List + list->Count};
}

std::set<std::string> Bus::durable_names(const std::string& stream) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsConsumerNamesList* list = nullptr;
    jsErrCode error{};
    const auto status = js_ConsumerNames(&list, connection.js().get(), stream.c_str(), nullptr, &error);
    const OwnedConsumerNames owned(list);
    connection.note_jetstream(status, error);
    if (status == NATS_NOT_FOUND) {
        return {};
    }
    if (status != NATS_OK) {
        fail("names of the durables of " + stream, status, error);
    }
    return {list->List, list->List + list->Count};
}

void Bus::ensure_stream(const StreamSpec& spec) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
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
    jsStreamInfo* info = nullptr;
    jsErrCode error{};
    auto status = js_AddStream(&info, connection.js().get(), &config, nullptr, &error);
    if (status != NATS_OK && error == JSStreamNameExistErr) {
        jsStreamInfo_Destroy(std::exchange(info, nullptr));
        status = js_UpdateStream(&info, connection.js().get(), &config, nullptr, &error);
    }
    const OwnedStreamInfo owned(info);
    connection.note_jetstream(status, error);
    if (status != NATS_OK) {
        fail("stream " + spec.name, status, error);
    }
}

void Bus::ensure_durable(const std::string& stream, const std::string& durable,
                         const std::string& filter_subject, Millis ack_wait, std::int64_t most_pending,
                         std::uint64_t start_sequence) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
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
    jsConsumerInfo* info = nullptr;
    jsErrCode error{};
    const auto status =
        js_AddConsumer(&info, connection.js().get(), stream.c_str(), &config, nullptr, &error);
    const OwnedConsumerInfo owned(info);
    connection.note_jetstream(status, error);
    if (status != NATS_OK) {
        fail("durable " + durable + " of " + stream, status, error);
    }
}

bool Bus::has_durable(const std::string& stream, const std::string& durable) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsConsumerInfo* info = nullptr;
    jsErrCode error{};
    const auto status =
        js_GetConsumerInfo(&info, connection.js().get(), stream.c_str(), durable.c_str(), nullptr, &error);
    const OwnedConsumerInfo owned(info);
    connection.note_jetstream(status, error);
    if (status != NATS_OK && status != NATS_NOT_FOUND) {
        fail("durable " + durable + " of " + stream, status, error);
    }
    return status == NATS_OK;
}

StreamState Bus::stream_state(const std::string& stream) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsStreamInfo* info = nullptr;
    jsErrCode error{};
    const auto status = js_GetStreamInfo(&info, connection.js().get(), stream.c_str(), nullptr, &error);
    const OwnedStreamInfo owned(info);
    connection.note_jetstream(status, error);
    if (status != NATS_OK) {
        fail("stream " + stream, status, error);
    }
    return {info->Created, info->State.LastSeq, info->State.Msgs, info->State.NumDeleted};
}

std::uint64_t Bus::last_sequence(const std::string& stream) {
    return stream_state(stream).last_sequence;
}

std::vector<DurableState> Bus::durables(const std::string& stream) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsConsumerInfoList* list = nullptr;
    jsErrCode error{};
    const auto status = js_Consumers(&list, connection.js().get(), stream.c_str(), nullptr, &error);
    const OwnedConsumers owned(list);
    connection.note_jetstream(status, error);
    if (status == NATS_NOT_FOUND) {
        return {};
    }
    if (status != NATS_OK) {
        fail("durables of " + stream, status, error);
    }
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
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsErrCode error{};
    const auto status =
        js_DeleteConsumer(connection.js().get(), stream.c_str(), durable.c_str(), nullptr, &error);
    connection.note_jetstream(status, error);
    if (status != NATS_OK && status != NATS_NOT_FOUND) {
        fail("deletion of durable " + durable + " of " + stream, status, error);
    }
}

std::uint64_t Bus::undelivered(const std::string& stream, const std::string& durable) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsConsumerInfo* info = nullptr;
    jsErrCode error{};
    const auto status =
        js_GetConsumerInfo(&info, connection.js().get(), stream.c_str(), durable.c_str(), nullptr, &error);
    const OwnedConsumerInfo owned(info);
    connection.note_jetstream(status, error);
    if (status != NATS_OK) {
        fail("durable " + durable + " of " + stream, status, error);
    }
    return info->NumPending;
}

bool Bus::can_read(const std::string& stream, std::uint64_t sequence) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    natsMsg* message = nullptr;
    jsErrCode error{};
    const auto status = js_GetMsg(&message, connection.js().get(), stream.c_str(), sequence, nullptr, &error);
    const OwnedMessage owned(message);
    connection.note_jetstream(status, error);
    if (status != NATS_OK && (status != NATS_NOT_FOUND || error != JSNoMessageFoundErr)) {
        fail("message " + std::to_string(sequence) + " of " + stream, status, error);
    }
    return status == NATS_OK;
}

bool Bus::holds(const std::string& stream, std::uint64_t sequence) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsOptions options;
    jsOptions_Init(&options);
    options.Stream.Info.DeletedDetails = true;
    jsStreamInfo* info = nullptr;
    jsErrCode error{};
    const auto status = js_GetStreamInfo(&info, connection.js().get(), stream.c_str(), &options, &error);
    const OwnedStreamInfo owned(info);
    connection.note_jetstream(status, error);
    if (status != NATS_OK) {
        fail("stream " + stream, status, error);
    }
    const auto& state = info->State;
    const std::span<const std::uint64_t> removed(state.Deleted, static_cast<std::size_t>(state.DeletedLen));
    return state.Msgs > 0 && sequence >= state.FirstSeq && sequence <= state.LastSeq &&
           std::find(removed.begin(), removed.end(), sequence) == removed.end();
}

void Bus::purge_stream(const std::string& stream) {
    auto& connection = *impl_->connection;
    connection.require(kConnectWait);
    jsErrCode error{};
    const auto status = js_PurgeStream(connection.js().get(), stream.c_str(), nullptr, &error);
    connection.note_jetstream(status, error);
    if (status != NATS_OK) {
        fail("purge of stream " + stream, status, error);
    }
}

Published Bus::publish_durable(const std::vector<Outgoing>& messages, Millis timeout) {
    return impl_->connection->publish_durable(messages, timeout);
}

Consumer Bus::consume(const std::string& stream, const std::string& durable) {
    return Consumer(std::make_unique<Consumer::Impl>(impl_->connection, stream, durable));
}

}  // namespace lamda::bus
