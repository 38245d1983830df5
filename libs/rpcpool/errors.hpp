// Errors of endpoints, named by what the caller does next.
#pragma once

#include <stdexcept>

#include "eth/rpc.hpp"

namespace lamda::rpcpool {

/// The configuration contradicts the chain: exit 78.
class ConfigContradiction : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The answer contradicts itself or an earlier one: nodes behind one address at different heights. Ask again
/// later.
class NotReadyYet : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The receipts that were answered with are not those of the block.
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
