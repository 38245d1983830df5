// Progress of an image pull, from the engine's report.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lamda::agent {

/// Sums up the layers in the lines of POST /images/create. Unknown lines are skipped.
class PullProgress {
  public:
    /// @param line one JSON object of the report
    void add(std::string_view line);
    std::uint64_t bytes() const;        ///< downloaded so far
    std::uint64_t total_bytes() const;  ///< of the layers whose download has begun
    std::size_t layers() const { return layers_.size(); }
    std::size_t layers_done() const;

  private:
    struct Layer {
        std::uint64_t bytes = 0;
        std::uint64_t total = 0;
        bool done = false;
    };
    static constexpr std::size_t kMostLayers = 1'024;
    std::map<std::string, Layer, std::less<>> layers_;
};

}  // namespace lamda::agent
