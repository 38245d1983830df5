#include "services/api-gateway/files/downloads.hpp"

#include <algorithm>
#include <utility>

#include "http/client_address.hpp"
#include "problem/problem.hpp"

namespace lamda::gateway {

namespace {

/// Each is sent within the server's time limit for an answer, or the client is dropped: 10 s.
constexpr std::size_t kPiece = 64U << 10;
/// For the root, which a worker of the server waits for.
constexpr Millis kLongestRoot{4'000};

}  // namespace

Downloads::Downloads(ipfs::ContentStore* store, const http::AddressRanges& proxies, telemetry::Log log)
    : store_(store), proxies_(proxies), log_(std::move(log)) {}

Downloads::Opened Downloads::open(const Cid& cid, const std::string& client) {
    if (store_ == nullptr) {
        throw problem::Problem{503, "no_content_store", "", "no content store is configured here", {}};
    }
    auto slot = slots_.take(proxies_.contain(client) ? "" : http::address_unit(client));
    if (!slot) {
        throw problem::Problem{503, "too_many_downloads", "", "too many files are being read; try again", {}};
    }
    try {
        return {cid.to_string(), ipfs::FileReader(*store_, cid, stopping_.get_token(), kLongestRoot),
                *std::move(slot)};
    } catch (const ipfs::Unavailable&) {
        throw problem::Problem{
            503, "content_unavailable", "", "no content store has this content now; try again", {}};
    } catch (const ipfs::IsDirectory&) {
        throw problem::Problem{422, "is_directory", "", "this CID is a directory; ask for a file's CID", {}};
    } catch (const ipfs::Mismatch&) {
        throw problem::Problem{422, "not_a_file", "", "this CID is not the root of a file (UnixFS)", {}};
    } catch (const ipfs::TooLarge&) {
        throw problem::Problem{
            422, "unreadable_file", "", "the root has more than 2 MiB, or links too many parts", {}};
    }
}

std::shared_ptr<http::Feed> Downloads::send(Opened opened) {
    auto feed = std::make_shared<http::Feed>();
    const auto download = std::make_shared<Download>(Download{std::move(opened), feed});
    // The feed holds the download until the client has gone, or has everything.
    feed->on_taken([this, download] { wake(download); });
    const std::lock_guard lock(mutex_);
    waiting_.push_back(download);
    changed_.notify_one();
    return feed;
}

void Downloads::wake(const DownloadPtr& download) {
    const std::lock_guard lock(mutex_);
    if (download->queued) {
        download->again = true;
        return;
    }
    download->queued = true;
    waiting_.push_back(download);
    changed_.notify_one();
}

void Downloads::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
        const auto download = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        const bool more = send_next(*download, stop);
        lock.lock();
        download->queued = std::exchange(download->again, false) || more;
        if (download->queued) {
            waiting_.push_back(download);
        }
    }
}

bool Downloads::send_next(Download& download, const std::stop_token& stop) {
    auto& opened = download.opened;
    const auto feed = download.feed.lock();
    if (feed == nullptr || feed->closed() || feed->full()) {
        return false;
    }
    try {
        const Bytes bytes = opened.reader.next(stop);
        if (bytes.empty()) {
            feed->end();
            return false;
        }
        for (BytesView left = bytes; !left.empty();) {
            const auto piece = left.first(std::min(left.size(), kPiece));
            feed->push(std::make_shared<const std::string>(as_string(piece)));
            left = left.subspan(piece.size());
        }
        return !feed->full();
    } catch (const std::exception& error) {
        // The end before the announced length shows the client that the answer is incomplete.
        log_.warn("download cut", {{"cid", opened.cid}, {"error", error.what()}});
        feed->end();
        return false;
    }
}

}  // namespace lamda::gateway
