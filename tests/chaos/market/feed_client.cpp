#include "chaos/market/feed_client.hpp"

#include <nlohmann/json.hpp>

#include "runtime/app.hpp"

namespace lamda::chaos {

using nlohmann::json;

FeedClient::FeedClient(int port)
    : port_(port), thread_([this](const std::stop_token& stop) { listen(stop); }) {}

void FeedClient::stop() {
    thread_.request_stop();
    {
        const std::lock_guard lock(mutex_);
        if (client_ != nullptr) {
            client_->finish_sending();  // the gateway then ends the answer
        }
    }
    if (thread_.joinable()) {
        thread_.join();
    }
}

FeedHistory FeedClient::history() const {
    const std::lock_guard lock(mutex_);
    return history_;
}

void FeedClient::listen(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        try {
            connect(stop);
        } catch (const std::runtime_error&) {  // the gateway is away
        } catch (const std::exception& error) {
            const std::lock_guard lock(mutex_);
            history_.interruptions.push_back(std::string("unreadable message: ") + error.what());
        }
        runtime::pause(stop, Millis(100));
    }
}

void FeedClient::connect(const std::stop_token& stop) {
    auto* client = [&] {
        auto made = std::make_unique<http::RawClient>(port_);
        const std::lock_guard lock(mutex_);
        client_ = std::move(made);
        return client_.get();
    }();
    client->send("GET /api/events HTTP/1.1\r\nHost: x\r\n" +
                 (last_id_.empty() ? "" : "Last-Event-ID: " + last_id_ + "\r\n") + "\r\n");
    if (!client->read_until("\r\n\r\n").starts_with("HTTP/1.1 200")) {
        return;
    }
    while (!stop.stop_requested()) {
        const auto frame = client->read_until("\n\n");
        if (!frame.ends_with("\n\n")) {
            return;  // cut: the frame comes again
        }
        take(frame);
    }
}

void FeedClient::take(const std::string& frame) {
    const auto at = frame.find("data: ");
    if (at == std::string::npos) {
        return;
    }
    const auto message = json::parse(frame.substr(at + 6));
    const auto type = message.at("type").get<std::string>();
    const std::lock_guard lock(mutex_);
    if (type == "event") {
        const auto id = message.at("id").get<std::string>();
        const auto& data = message.at("data");
        FeedEntry entry{std::stoull(id.substr(id.find('-') + 1)), std::nullopt, data.value("status", "")};
        if (data.contains("id")) {
            entry.job = JobId::parse(data.at("id").get<std::string>()).value();
        }
        history_.entries.push_back(entry);
    } else if (type == "snapshot") {
        ++history_.snapshots;
    } else {
        history_.interruptions.push_back(type + " " + message.at("reason").get<std::string>());
    }
    if (frame.starts_with("id: ")) {
        last_id_ = frame.substr(4, frame.find('\n') - 4);
    }
}

}  // namespace lamda::chaos
