// Downloads: files of the content stores, sent to clients block by block.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "http/address_ranges.hpp"
#include "http/client_slots.hpp"
#include "http/feed.hpp"
#include "ipfs/file_reader.hpp"
#include "telemetry/log.hpp"

namespace lamda::gateway {

/// Thread-safe. A download holds a slot and at most 3 MiB, and a thread while a block is fetched: with a
/// thread for each slot, a store that does not answer one client delays no other. A block that no store has,
/// or that fails its check, ends the answer before its announced length.
class Downloads {
  public:
    static constexpr std::size_t kMost = 32;
    static constexpr std::size_t kMostOfClient = 4;  ///< of one address; the trusted proxies are not limited

    /// @param store absent: none is configured
    Downloads(ipfs::ContentStore* store, const http::AddressRanges& proxies, telemetry::Log log);

    /// A file whose root is known, and its slot.
    struct Opened {
        std::string cid;
        ipfs::FileReader reader;
        http::ClientSlots::Slot slot;
    };
    /// Reads the file's root. @param client address that asks
    /// @throws problem::Problem 503 `no_content_store`, `too_many_downloads`, `content_unavailable`; 422
    /// `is_directory`, `not_a_file`, `unreadable_file`
    Opened open(const Cid& cid, const std::string& client);
    /// Sends what the reader selects, as the feed has room, by the threads of run().
    std::shared_ptr<http::Feed> send(Opened opened);
    /// Fetches blocks until stopped, one at a time: for kMost threads.
    void run(const std::stop_token& stop);
    /// Ends open() within about a second.
    void stop() { stopping_.request_stop(); }

  private:
    struct Download {
        Opened opened;
        std::weak_ptr<http::Feed> feed;  ///< it owns the download: its end is the download's
        bool queued = true;              ///< waits for a thread, or has one
        bool again = false;              ///< the feed had room while a thread had it
    };
    using DownloadPtr = std::shared_ptr<Download>;

    void wake(const DownloadPtr& download);
    /// Returns true if more can be sent now.
    bool send_next(Download& download, const std::stop_token& stop);

    ipfs::ContentStore* const store_;
    const http::AddressRanges& proxies_;
    const telemetry::Log log_;
    std::stop_source stopping_;
    http::ClientSlots slots_{kMost, kMostOfClient};
    std::mutex mutex_;  ///< guards `waiting_`, and `queued` and `again` of each download
    std::deque<DownloadPtr> waiting_;
    std::condition_variable_any changed_;
};

}  // namespace lamda::gateway
