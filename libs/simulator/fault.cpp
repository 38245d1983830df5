#include "simulator/fault.hpp"

namespace lamda::simulator {

std::string_view to_string(Fault fault) {
    switch (fault) {
        case Fault::kRefused:
            return "refused";
        case Fault::kHang:
            return "hang";
        case Fault::kTooMany:
            return "429";
        case Fault::kServerError:
            return "5xx";
        case Fault::kCut:
            return "cut";
        case Fault::kGarbage:
            return "garbage";
        case Fault::kSlow:
            return "slow";
        case Fault::kLag:
            return "lag";
        case Fault::kStaleFork:
            return "stale fork";
        case Fault::kForgotten:
            return "forgotten";
        case Fault::kNoFinalized:
            return "no finalized";
        case Fault::kStaleFinalized:
            return "stale finalized";
        case Fault::kRangeLimit:
            return "range limit";
        case Fault::kResultLimit:
            return "result limit";
        case Fault::kTooLarge:
            return "too large";
        case Fault::kNoLogs:
            return "no eth_getLogs";
        case Fault::kNoReceipts:
            return "no receipts";
        case Fault::kFalseEmpty:
            return "false empty";
        case Fault::kWrongChain:
            return "wrong chain";
    }
    return "?";
}

}  // namespace lamda::simulator
