// Demo of whole jobs: ordered, paid, dispatched, run, confirmed, claimed, and counted on the other chain.
#pragma once

#include <string>

#include "localnet/network.hpp"

namespace lamda::devnet {

struct DemoOptions {
    std::size_t jobs = 8;
    std::string kill;    ///< a name of fault_names, `all`, or empty
    unsigned reorg = 0;  ///< blocks; depth of a reorg of BSC while jobs are created; 0: none
    std::string dir;
    std::string executables;
};

/// 0 only if every job was rewarded and every count on chain is right.
int run_demo(const DemoOptions& options);

}  // namespace lamda::devnet
