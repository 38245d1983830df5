// Which of several instances of a stream reads the chain. A lease saves calls and nothing else: what keeps
// two writers apart is the checkpoint's compare-and-set.
#pragma once

namespace lamda::ingest {

class Lease {
  public:
    virtual ~Lease() = default;
    /// Whether this instance is the active one; tries to become it when nobody is. Quick; asked again and
    /// again.
    /// @throws what storage throws.
    virtual bool held() = 0;
    /// Lets another instance become the active one, if there is one: for a few seconds this one does not try.
    /// Nothing where it is not the active one.
    virtual void give_up() = 0;
    /// It was given up a moment ago, and whether another instance wants it is not known yet.
    virtual bool given_up() = 0;
};

}  // namespace lamda::ingest
