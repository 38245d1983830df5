// Replays a corpus folder and seeded mutations of it: a fuzz target as an ordinary test.
//
//   fuzz_x <corpus folder> [mutations=50000] [seed=1]
//
// Prints an input that crashes the target in hex.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "require.hpp"

namespace {

using lamda::Bytes;
namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = 8192;

Bytes current;

/// Prints the current input. Not async-signal-safe; acceptable here, because the process ends anyway.
void print_input(int number) {
    std::fprintf(stderr, "signal %d at the input (hex) ", number);
    for (const auto byte : current) {
        std::fprintf(stderr, "%02x", byte);
    }
    std::fprintf(stderr, "\n");
    std::signal(number, SIG_DFL);
    std::raise(number);
}

std::vector<Bytes> read_corpus(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Bytes> out;
    for (const auto& path : paths) {
        std::ifstream in(path, std::ios::binary);
        out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return out;
}

class Mutator {
  public:
    Mutator(const std::vector<Bytes>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

    Bytes next() {
        Bytes bytes = corpus_[below(corpus_.size())];
        for (auto steps = 1 + below(4); steps > 0; --steps) {
            step(bytes);
        }
        bytes.resize(std::min(bytes.size(), kMostBytes));
        return bytes;
    }

  private:
    std::size_t below(std::size_t end) {
        return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
    }

    void step(Bytes& bytes) {
        const auto at = [&](std::size_t offset) {
            return bytes.begin() + static_cast<std::ptrdiff_t>(offset);
        };
        const std::size_t where = below(bytes.size() + 1);
        const auto value = static_cast<std::uint8_t>(below(256));
        switch (below(7)) {
            case 0:  // flip a bit
                if (where < bytes.size()) {
                    bytes[where] = static_cast<std::uint8_t>(bytes[where] ^ 1U << below(8));
                }
                break;
            case 1:
                if (where < bytes.size()) {
                    bytes[where] = value;
                }
                break;
            case 2:
                bytes.insert(at(where), value);
                break;
            case 3:
                bytes.resize(where);
                break;
            case 4:  // drop a range
                bytes.erase(at(where), at(where + below(bytes.size() - where + 1)));
                break;
            case 5: {  // repeat a range
                const Bytes range(at(where), at(where + below(bytes.size() - where + 1)));
                bytes.insert(at(where), range.begin(), range.end());
                break;
            }
            default: {  // splice with another input
                const Bytes& other = corpus_[below(corpus_.size())];
                const auto from = static_cast<std::ptrdiff_t>(below(other.size() + 1));
                bytes.resize(where);
                bytes.insert(bytes.end(), other.begin() + from, other.end());
            }
        }
    }

    const std::vector<Bytes>& corpus_;
    std::mt19937_64 random_;
};

std::uint64_t number(const char* text) {
    std::uint64_t out = 0;
    std::from_chars(text, text + std::strlen(text), out);
    return out;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fprintf(stderr, "usage: %s <corpus folder> [mutations] [seed]\n", arguments[0]);
        return 2;
    }
    const auto corpus = read_corpus(arguments[1]);
    if (corpus.empty()) {
        std::fprintf(stderr, "%s: no inputs\n", arguments[1]);
        return 1;
    }
    const std::uint64_t mutations = count > 2 ? number(arguments[2]) : 50'000;
    const std::uint64_t seed = count > 3 ? number(arguments[3]) : 1;
    std::printf("%zu inputs, %llu mutations, seed %llu\n", corpus.size(),
                static_cast<unsigned long long>(mutations), static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    std::signal(SIGABRT, print_input);
    std::signal(SIGSEGV, print_input);
    for (const auto& input : corpus) {
        current = input;
        LLVMFuzzerTestOneInput(current.data(), current.size());
    }
    Mutator mutator(corpus, seed);
    for (std::uint64_t i = 0; i < mutations; ++i) {
        current = mutator.next();
        LLVMFuzzerTestOneInput(current.data(), current.size());
    }
    return 0;
}
