#include "net/detail/reactor.hpp"

#include <algorithm>
#include <stdexcept>

namespace lamda::net {

namespace {

constexpr int kLookAgainMs = 1'000;
/// Idle connections kept. By default libcurl keeps four for each running exchange and closes the rest after a
/// burst: a handshake for every fifth request.
constexpr long kConnectionsKept = 64;

void check(CURLMcode code) {
    if (code != CURLM_OK) {
        throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
    }
}

}  // namespace

void Inbox::expect(Exchanges::Id id) {
    const std::lock_guard lock(mutex_);
    expected_.insert(id);
}

void Inbox::put(Exchanges::Ended ended) {
    {
        const std::lock_guard lock(mutex_);
        if (!expected_.contains(ended.id)) {
            return;
        }
        ended_.push_back(std::move(ended));
    }
    arrived_.notify_one();
}

void Inbox::forget(Exchanges::Id id) {
    const std::lock_guard lock(mutex_);
    expected_.erase(id);
    std::erase_if(ended_, [&](const auto& ended) { return ended.id == id; });
}

void Inbox::forget_all() {
    const std::lock_guard lock(mutex_);
    expected_.clear();
    ended_.clear();
}

bool Inbox::expects(Exchanges::Id id) const {
    const std::lock_guard lock(mutex_);
    return expected_.contains(id);
}

std::optional<Exchanges::Ended> Inbox::next(Steady deadline) {
    std::unique_lock lock(mutex_);
    if (expected_.empty() || !arrived_.wait_until(lock, deadline, [this] { return !ended_.empty(); })) {
        return std::nullopt;
    }
    auto out = std::move(ended_.front());
    ended_.pop_front();
    expected_.erase(out.id);
    return out;
}

struct Reactor::Running {
    Running(Task given, Pool<Easy>& easies)
        : task(std::move(given)), handle(easies, curl_easy_init), exchange(handle.get(), task.request) {}
    Task task;
    Loan<Easy> handle;
    CurlExchange exchange;
};

Reactor::Reactor() : multi_(curl_multi_init()) {
    if (!multi_) {
        throw std::bad_alloc();
    }
    check(curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kConnectionsKept));
    thread_ = std::thread([this] { run(); });
}

Reactor::~Reactor() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
    for (auto& running : running_) {
        curl_multi_remove_handle(multi_.get(), running->handle.get());
    }
    running_.clear();
}

void Reactor::submit(std::shared_ptr<Inbox> inbox, Exchanges::Id id, HttpRequest request) {
    {
        const std::lock_guard lock(mutex_);
        submitted_.push_back({std::move(inbox), id, std::move(request)});
    }
    curl_multi_wakeup(multi_.get());
}

void Reactor::look_for_cancelled() {
    {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
    }
    curl_multi_wakeup(multi_.get());
}

void Reactor::run() {
    for (;;) {
        std::vector<Task> fresh;
        bool drop = false;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) {
                return;
            }
            fresh.swap(submitted_);
            drop = std::exchange(cancelled_, false);
        }
        if (drop) {
            drop_cancelled();
        }
        for (auto& task : fresh) {
            begin(std::move(task));
        }
        int still_running = 0;
        check(curl_multi_perform(multi_.get(), &still_running));
        collect();
        check(curl_multi_poll(multi_.get(), nullptr, 0, kLookAgainMs, nullptr));
    }
}

void Reactor::begin(Task task) {
    const auto inbox = task.inbox;
    const auto id = task.id;
    if (!inbox->expects(id)) {
        return;
    }
    try {
        auto running = std::make_unique<Running>(std::move(task), easies_);
        check(curl_multi_add_handle(multi_.get(), running->handle.get()));
        running_.push_back(std::move(running));
    } catch (...) {
        inbox->put({id, std::nullopt, std::current_exception()});
    }
}

void Reactor::collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        const CURLcode code = message->data.result;
        CURL* handle = message->easy_handle;
        const auto at = std::find_if(running_.begin(), running_.end(),
                                     [&](const auto& one) { return one->handle.get() == handle; });
        auto& running = **at;
        if (code != CURLE_OK) {
            running.handle.discard();
        }
        Exchanges::Ended ended;
        ended.id = running.task.id;
        try {
            ended.response = running.exchange.finish(code);
        } catch (...) {
            ended.error = std::current_exception();
        }
        running.task.inbox->put(std::move(ended));
        curl_multi_remove_handle(multi_.get(), handle);
        running_.erase(at);
    }
}

void Reactor::drop_cancelled() {
    std::erase_if(running_, [&](const auto& one) {
        if (one->task.inbox->expects(one->task.id)) {
            return false;
        }
        one->handle.discard();  // the connection has an unfinished answer
        curl_multi_remove_handle(multi_.get(), one->handle.get());
        return true;
    });
}

ReactorExchanges::~ReactorExchanges() {
    inbox_->forget_all();
    reactor_.look_for_cancelled();
}

Exchanges::Id ReactorExchanges::start(HttpRequest request) {
    if (request.on_data || !request.body_file.empty() || request.stop.stop_possible()) {
        throw std::logic_error("a streaming request cannot be one of several exchanges");
    }
    const Id id = ++next_id_;
    inbox_->expect(id);
    reactor_.submit(inbox_, id, std::move(request));
    return id;
}

void ReactorExchanges::cancel(Id id) {
    inbox_->forget(id);
    reactor_.look_for_cancelled();
}

}  // namespace lamda::net
