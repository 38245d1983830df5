// BodyReader: takes the body of one request from its socket, and not a byte beyond its end.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "http/body_stream.hpp"
#include "http/detail/chunked.hpp"
#include "http/detail/request_head.hpp"
#include "http/detail/wait_allowance.hpp"

namespace lamda::http {

class BodyReader final : public BodyStream {
  public:
    /// @param fd non-blocking, and of this reader alone until its end  @param stopping ends read()
    BodyReader(int fd, const RequestHead& head, const StreamLimits& limits, const Clock& clock,
               const std::atomic<bool>& stopping);

    std::optional<std::uint64_t> announced() const override;
    std::string_view read() override;

    /// Sets the limit of the whole body in bytes. Before read() only.
    void limit(std::uint64_t most);
    /// True if the whole body was taken: another request may follow on the connection.
    bool finished() const { return finished_; }

  private:
    void wait();
    void take_part();
    void take_chunks();
    std::size_t receive(int flags, std::size_t most);

    const int fd_;
    const Clock& clock_;
    const std::atomic<bool>& stopping_;
    const std::optional<std::uint64_t> announced_;
    std::uint64_t left_;  ///< of an announced body
    std::optional<ChunkDecoder> chunks_;
    bool expects_continue_;
    bool finished_;
    WaitAllowance allowance_;
    std::string buffer_;
    std::string body_;  ///< returned last
};

}  // namespace lamda::http
