// A node that reports content other than the chain's.
#pragma once

#include "simulator/branch.hpp"

namespace lamda::simulator {

/// Kind of lie, and depth of its concealment.
struct Lies {
    enum class What {
        kInvent,  ///< adds a log
        kHide,    ///< omits all logs of the block
        kChange,  ///< changes the data of a log
    };
    enum class Depth {
        kLogs,    ///< logs and receipts are changed; the header is true
        kHeader,  ///< bloom and receipts root match the lie; the hash is the true one
        kFork,    ///< all hashes match: a consistent chain of its own
    };
    What what = What::kInvent;
    Depth depth = Depth::kLogs;
    double share = 1;        ///< share of blocks with a lie
    eth::Log invented;       ///< contract and topics of added logs
    bool all_final = false;  ///< reports its head as finalized
};

class Liar {
  public:
    Liar(Lies lies, std::uint64_t seed);
    /// The branch shown for the true chain `canonical`. Valid until the next call.
    const Branch& shown(const Branch& canonical);

  private:
    bool lies_about(const Block& block) const;
    std::shared_ptr<const Block> shown_block(const Block& block) const;

    Lies lies_;
    std::uint64_t seed_;
    Branch known_;  ///< the true blocks that `shown_` was made from
    Branch shown_;
};

}  // namespace lamda::simulator
