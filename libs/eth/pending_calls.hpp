// Questions to nodes, several under way at once.
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <optional>

#include "eth/rpc_call.hpp"
#include "net/transport.hpp"

namespace lamda::eth {

/// Not thread-safe. What is under way goes on while the caller does something else; answers are read in
/// next().
class PendingCalls {
  public:
    using Id = net::Exchanges::Id;
    struct Answered {
        Id id = 0;
        std::exception_ptr
            error;              ///< RpcError, BadAnswer or net::TransportError; absent: the answer was read
        std::size_t bytes = 0;  ///< of the answer's body
    };

    /// @param transport outlives it
    explicit PendingCalls(net::Transport& transport) : exchanges_(transport.exchanges()) {}

    /// Never waits.
    Id ask(const std::string& url, Millis timeout, RpcCall rpc_call);
    /// The next answer, as Exchanges::next() does.
    std::optional<Answered> next(Steady deadline);
    void cancel(Id id);
    std::size_t under_way() const { return asked_.size(); }

  private:
    struct Asked {
        RpcCall rpc_call;
        std::uint64_t request_id;
    };
    std::unique_ptr<net::Exchanges> exchanges_;
    std::map<Id, Asked> asked_;
    std::uint64_t next_request_id_ = 1;
};

}  // namespace lamda::eth
