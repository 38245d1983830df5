#include "net/http_client.hpp"

#include <algorithm>
#include <mutex>

#include "net/curl_exchange.hpp"

namespace lamda::net {
namespace {

constexpr std::size_t kMaxIdle = 64;
/// Of one send_all; more would only wait in the server's queue, with their deadline running.
constexpr std::size_t kMaxInFlight = 32;

void init_curl_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            throw std::runtime_error("libcurl could not be initialised");
        }
    });
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

/// Handles that nobody uses now. A handle is used by one thread at a time, and libcurl shares nothing between
/// them; the last one given back is taken first, because its connections are the freshest.
template <class Handle>
class Pool {
  public:
    template <class Make>
    Handle take(Make make) {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                Handle out = std::move(idle_.back());
                idle_.pop_back();
                return out;
            }
        }
        Handle out(make());
        if (!out) {
            throw std::bad_alloc();
        }
        return out;
    }
    void give_back(Handle handle) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < kMaxIdle) {
            idle_.push_back(std::move(handle));
        }
    }

  private:
    std::mutex mutex_;
    std::vector<Handle> idle_;
};

/// Takes a handle out of a pool and gives it back, unless it is discarded.
template <class Handle>
class Loan {
  public:
    template <class Make>
    Loan(Pool<Handle>& pool, Make make) : pool_(pool), handle_(pool.take(make)) {}
    ~Loan() {
        if (keep_) {
            pool_.give_back(std::move(handle_));
        }
    }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    auto* get() const { return handle_.get(); }
    void discard() { keep_ = false; }

  private:
    Pool<Handle>& pool_;
    Handle handle_;
    bool keep_ = true;
};

}  // namespace

std::optional<std::string> HttpResponse::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                       [](char a, char b) { return lower(a) == lower(b); })) {
            return value;
        }
    }
    return std::nullopt;
}

struct HttpClient::Impl {
    Pool<Easy> easies;
    /// Connections of send_all belong to the multi handle that made them.
    Pool<Multi> multis;
};

HttpClient::HttpClient() : impl_((init_curl_once(), std::make_unique<Impl>())) {}
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request) {
    Loan<Easy> handle(impl_->easies, curl_easy_init);
    CurlExchange exchange(handle.get(), request);
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) {
        // Its connection is of no use, and libcurl 7.88 refuses to set up a handle again after a bad URL.
        handle.discard();
    }
    return exchange.finish(code);
}

namespace {

/// Runs many exchanges on one multi handle, a window of them at a time.
class Batch {
  public:
    using Answers = std::vector<std::pair<std::optional<HttpResponse>, std::exception_ptr>>;

    Batch(CURLM* multi, Pool<Easy>& easies, const std::vector<HttpRequest>& requests)
        : multi_(multi), easies_(easies), requests_(requests), answers_(requests.size()) {}
    ~Batch() {
        for (auto& running : running_) {
            curl_multi_remove_handle(multi_, running->handle.get());
        }
    }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    Answers run() {
        while (fill()) {
            int still_running = 0;
            check(curl_multi_perform(multi_, &still_running));
            const bool ended = collect();
            if (!ended && still_running > 0) {
                check(curl_multi_poll(multi_, nullptr, 0, 1000, nullptr));
            }
        }
        return std::move(answers_);
    }

  private:
    struct Running {
        Running(std::size_t i, Pool<Easy>& easies, const HttpRequest& request)
            : index(i), handle(easies, curl_easy_init), exchange(handle.get(), request) {}
        std::size_t index;
        Loan<Easy> handle;
        CurlExchange exchange;
    };

    static void check(CURLMcode code) {
        if (code != CURLM_OK) {
            throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
        }
    }

    /// False when nothing is left to do.
    bool fill() {
        while (running_.size() < kMaxInFlight && next_ < requests_.size()) {
            const std::size_t index = next_++;
            try {
                auto running = std::make_unique<Running>(index, easies_, requests_[index]);
                check(curl_multi_add_handle(multi_, running->handle.get()));
                running_.push_back(std::move(running));
            } catch (...) {
                answers_[index].second = std::current_exception();
            }
        }
        return !running_.empty();
    }

    bool collect() {
        bool ended = false;
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) {
                continue;
            }
            const CURLcode code = message->data.result;
            CURL* handle = message->easy_handle;
            const auto at = std::find_if(running_.begin(), running_.end(),
                                         [&](const auto& r) { return r->handle.get() == handle; });
            auto& answer = answers_[(*at)->index];
            if (code != CURLE_OK) {
                (*at)->handle.discard();
            }
            try {
                answer.first = (*at)->exchange.finish(code);
            } catch (...) {
                answer.second = std::current_exception();
            }
            curl_multi_remove_handle(multi_, handle);
            running_.erase(at);
            ended = true;
        }
        return ended;
    }

    CURLM* multi_;
    Pool<Easy>& easies_;
    const std::vector<HttpRequest>& requests_;
    Answers answers_;
    std::vector<std::unique_ptr<Running>> running_;
    std::size_t next_ = 0;
};

}  // namespace

std::vector<std::pair<std::optional<HttpResponse>, std::exception_ptr>> HttpClient::send_all(
    const std::vector<HttpRequest>& requests) {
    const Loan<Multi> multi(impl_->multis, curl_multi_init);
    return Batch(multi.get(), impl_->easies, requests).run();
}

}  // namespace lamda::net
