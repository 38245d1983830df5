// Errors of endpoints, named by what the caller does next.
#pragma once

#include <stdexcept>

#include "eth/rpc.hpp"

namespace lamda::rpcpool {

/// The configuration contradicts the chain; the process ends with 78.
class ConfigContradiction : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The answer contradicts itself or an earlier one, as nodes of different heights behind one address do.
/// Retry later.
class NotReadyYet : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The receipts in the answer are not those of the block.
class ReceiptsRefused : public eth::BadAnswer {
  public:
    using eth::BadAnswer::BadAnswer;
};
/// Too few endpoints agree on a finalized block.
class Disagreement : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace lamda::rpcpool
