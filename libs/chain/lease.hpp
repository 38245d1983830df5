// Which of several instances of a stream reads the chain. A lease saves calls and nothing else: what keeps
// two writers apart is the checkpoint's compare-and-set.
#pragma once

namespace lamda::chain {

class Lease {
  public:
    virtual ~Lease() = default;
    /// Whether this instance is the active one; tries to become it when nobody is. Quick; asked again and
    /// again.
    /// @throws what storage throws.
    virtual bool held() = 0;
};

}  // namespace lamda::chain
