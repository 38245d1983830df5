// A node that says something else than the chain.
#pragma once

#include "simulator/branch.hpp"

namespace lamda::simulator {

/// What it says instead, and how far it goes to hide that.
struct Lies {
    enum class What {
        kInvent,  ///< a log that is not there
        kHide,    ///< no log of the block is shown
        kChange,  ///< other data in a log that is there
    };
    enum class Depth {
        kLogs,    ///< logs and receipts are changed; the header is the true one
        kHeader,  ///< bloom and receipts root of the header fit; its hash is still the true one
        kFork,    ///< all hashes fit: it shows a chain of its own
    };
    What what = What::kInvent;
    Depth depth = Depth::kLogs;
    double share = 1;        ///< of the blocks
    eth::Log invented;       ///< contract and topics of those that it invents
    bool all_final = false;  ///< it calls its head finalized
};

class Liar {
  public:
    Liar(Lies lies, std::uint64_t seed);
    /// What it shows where the true chain is `canonical`. Valid until the next call.
    const Branch& told(const Branch& canonical);

  private:
    bool lies_about(const Block& block) const;
    std::shared_ptr<const Block> told_block(const Block& block) const;

    Lies lies_;
    std::uint64_t seed_;
    Branch known_;  ///< the true blocks that `told_` was made from
    Branch told_;
};

}  // namespace lamda::simulator
