#include "simulator/liar.hpp"

#include <random>

namespace lamda::simulator {

namespace {

void invent(Block& block, const eth::Log& invented) {
    eth::Receipt receipt;
    receipt.tx_hash.array() = block.header.hash.array();
    receipt.tx_hash.array()[0] ^= 0xff;
    receipt.success = true;
    receipt.logs = {invented};
    block.receipts.push_back(std::move(receipt));
}

void hide(Block& block) {
    for (auto& receipt : block.receipts) {
        receipt.logs.clear();
    }
}

void change(Block& block) {
    for (auto& receipt : block.receipts) {
        for (auto& log : receipt.logs) {
            log.data.push_back(0x01);
        }
    }
}

}  // namespace

Liar::Liar(Lies lies, std::uint64_t seed) : lies_(std::move(lies)), seed_(seed) {}

bool Liar::lies_about(const Block& block) const {
    std::seed_seq seeds{static_cast<std::uint32_t>(seed_),
                        static_cast<std::uint32_t>(block.header.number.value)};
    std::mt19937 random(seeds);
    return std::uniform_real_distribution<>(0, 1)(random) < lies_.share;
}

std::shared_ptr<const Block> Liar::shown_block(const Block& block) const {
    auto out = std::make_shared<Block>(block);
    if (lies_.depth == Lies::Depth::kFork && !shown_.empty()) {
        out->header.parent_hash = shown_.back()->header.hash;
    }
    if (lies_about(block)) {
        switch (lies_.what) {
            case Lies::What::kInvent:
                invent(*out, lies_.invented);
                break;
            case Lies::What::kHide:
                hide(*out);
                break;
            case Lies::What::kChange:
                change(*out);
                break;
        }
    }
    const auto header = out->header;
    seal(*out);
    if (lies_.depth == Lies::Depth::kFork) {
        return out;
    }
    if (lies_.depth == Lies::Depth::kLogs) {
        out->header = header;
    }
    out->header.hash = header.hash;
    place_logs(*out);
    return out;
}

const Branch& Liar::shown(const Branch& canonical) {
    std::size_t same = 0;
    while (same < known_.size() && same < canonical.size() && known_[same] == canonical[same]) {
        ++same;
    }
    known_.resize(same);
    shown_.resize(same);
    for (auto i = same; i < canonical.size(); ++i) {
        known_.push_back(canonical[i]);
        shown_.push_back(shown_block(*canonical[i]));
    }
    return shown_;
}

}  // namespace lamda::simulator
