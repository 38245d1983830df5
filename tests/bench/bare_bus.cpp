#include "bare_bus.hpp"

#include <nats/nats.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "report.hpp"

namespace lamda::bench {

namespace {

constexpr std::int64_t kMostInFlight = 4'096;
constexpr std::int64_t kWaitMillis = 120'000;

void must(natsStatus status, const char* doing) {
    if (status != NATS_OK) {
        throw std::runtime_error(std::string("nats.c: ") + doing + ": " + natsStatus_GetText(status));
    }
}

}  // namespace

struct BareBus::Impl {
    natsConnection* connection = nullptr;
    jsCtx* js = nullptr;
    ~Impl() {
        jsCtx_Destroy(js);
        natsConnection_Destroy(connection);
    }
};

BareBus::BareBus(const std::string& url) : impl_(std::make_unique<Impl>()) {
    must(natsConnection_ConnectTo(&impl_->connection, url.c_str()), "connect");
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = kMostInFlight;
    options.PublishAsync.StallWait = kWaitMillis;
    must(natsConnection_JetStream(&impl_->js, impl_->connection, &options), "JetStream");
}

BareBus::~BareBus() = default;

void BareBus::publish(const BareMessage& message) {
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MsgId = message.id.c_str();
    must(js_Publish(nullptr, impl_->js, message.subject.c_str(), message.body.data(),
                    static_cast<int>(message.body.size()), &options, nullptr),
         "publish");
}

void BareBus::publish_all(const std::vector<BareMessage>& messages) {
    jsPubOptions options;
    jsPubOptions_Init(&options);
    for (const auto& message : messages) {
        options.MsgId = message.id.c_str();
        must(js_PublishAsync(impl_->js, message.subject.c_str(), message.body.data(),
                             static_cast<int>(message.body.size()), &options),
             "asynchronous publish");
    }
    jsPubOptions_Init(&options);
    options.MaxWait = kWaitMillis;
    must(js_PublishAsyncComplete(impl_->js, &options), "acknowledgements");
}

void BareBus::purge(const std::string& stream) {
    must(js_PurgeStream(impl_->js, stream.c_str(), nullptr, nullptr), "purge");
}

struct AckWatch::Impl {
    natsConnection* connection = nullptr;
    natsSubscription* subscription = nullptr;
    std::string wanted;  ///< `"stream":"JOBS"`, as in the acknowledgement's JSON text
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::vector<double> times;

    ~Impl() {
        natsSubscription_Destroy(subscription);
        natsConnection_Destroy(connection);
    }

    static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
        auto& self = *static_cast<Impl*>(closure);
        const std::string_view body(natsMsg_GetData(message),
                                    static_cast<std::size_t>(natsMsg_GetDataLength(message)));
        const bool is_ack = body.find(self.wanted) != std::string_view::npos &&
                            body.find("\"seq\":") != std::string_view::npos;
        natsMsg_Destroy(message);
        if (is_ack) {
            const double now = now_seconds();
            {
                const std::lock_guard lock(self.mutex);
                self.times.push_back(now);
            }
            self.changed.notify_all();
        }
    }
};

AckWatch::AckWatch(const std::string& url, const std::string& stream) : impl_(std::make_unique<Impl>()) {
    impl_->wanted = "\"stream\":\"" + stream + "\"";
    must(natsConnection_ConnectTo(&impl_->connection, url.c_str()), "connect");
    must(natsConnection_Subscribe(&impl_->subscription, impl_->connection, "_INBOX.>", &Impl::on_message,
                                  impl_.get()),
         "subscribe");
    must(natsSubscription_SetPendingLimits(impl_->subscription, -1, -1), "limits");
    must(natsConnection_Flush(impl_->connection), "flush");
}

AckWatch::~AckWatch() = default;

void AckWatch::reset() {
    const std::lock_guard lock(impl_->mutex);
    impl_->times.clear();
}

std::size_t AckWatch::count() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->times.size();
}

double AckWatch::wait(std::size_t count, double seconds) {
    std::unique_lock lock(impl_->mutex);
    if (!impl_->changed.wait_for(lock, std::chrono::duration<double>(seconds),
                                 [&] { return impl_->times.size() >= count; })) {
        throw std::runtime_error("JetStream acknowledged " + std::to_string(impl_->times.size()) + " of " +
                                 std::to_string(count) + " assignments");
    }
    return impl_->times[count - 1];
}

}  // namespace lamda::bench
