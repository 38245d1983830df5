// Calls to nodes, several in flight at once.
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <optional>

#include "eth/rpc_call.hpp"
#include "net/transport.hpp"

namespace lamda::eth {

/// Not thread-safe. Calls in flight proceed while the caller does other work; next() reads their answers.
class PendingCalls {
  public:
    using Id = net::Exchanges::Id;
    struct Answered {
        Id id = 0;
        std::exception_ptr
            error;              ///< RpcError, BadAnswer or net::TransportError; absent: the answer was read
        std::size_t bytes = 0;  ///< size of the answer's body
    };

    /// @param transport outlives it
    explicit PendingCalls(net::Transport& transport) : exchanges_(transport.exchanges()) {}

    /// Does not block.
    Id ask(const std::string& url, Millis timeout, RpcCall rpc_call);
    /// The next answer, as Exchanges::next() returns it.
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
