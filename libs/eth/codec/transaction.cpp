#include "eth/codec/transaction.hpp"

#include "crypto/digest.hpp"
#include "eth/codec/rlp.hpp"

namespace lamda::eth {
namespace {

using rlp::Item;

constexpr std::uint8_t kDynamicFeeType = 0x02;

Item recipient(const Transaction& tx) {
    return tx.to ? rlp::string(tx.to->view()) : rlp::string({});
}

std::vector<Item> unsigned_fields(const Transaction& tx) {
    if (tx.fee.legacy) {
        return {rlp::integer(tx.nonce), rlp::integer(tx.fee.max_fee), rlp::integer(tx.gas_limit),
                recipient(tx),          rlp::integer(tx.value),       rlp::string(tx.data)};
    }
    return {
        rlp::integer(tx.chain_id.value), rlp::integer(tx.nonce),     rlp::integer(tx.fee.max_priority_fee),
        rlp::integer(tx.fee.max_fee),    rlp::integer(tx.gas_limit), recipient(tx),
        rlp::integer(tx.value),          rlp::string(tx.data),       rlp::list({})};
}

// EIP-2718: the type byte stands before the list; a legacy transaction has none.
Bytes enveloped(const Transaction& tx, std::vector<Item> fields) {
    Bytes out = rlp::encode(rlp::list(std::move(fields)));
    if (!tx.fee.legacy) {
        out.insert(out.begin(), kDynamicFeeType);
    }
    return out;
}

/// What is wrong with a transaction; stays inside this file.
struct Bad {
    std::string what;
    std::string where;
};

const Bytes& bytes_field(const Item& item, const char* name) {
    if (item.is_list()) {
        throw Bad{"a byte string is needed, not a list", name};
    }
    return item.bytes();
}

U256 integer_field(const Item& item, const char* name) {
    const Bytes& bytes = bytes_field(item, name);
    if (bytes.size() > 32) {
        throw Bad{"more than 256 bits", name};
    }
    if (!bytes.empty() && bytes[0] == 0) {
        throw Bad{"a number has no leading zeros", name};
    }
    return u256_from_be(bytes).value();
}

std::uint64_t u64_field(const Item& item, const char* name) {
    const auto value = to_u64(integer_field(item, name));
    if (!value) {
        throw Bad{"more than 64 bits", name};
    }
    return *value;
}

std::optional<Address> address_field(const Item& item, const char* name) {
    const Bytes& bytes = bytes_field(item, name);
    if (bytes.empty()) {
        return std::nullopt;
    }
    const auto address = Address::from_bytes(bytes);
    if (!address) {
        throw Bad{"an address has 20 bytes, or none", name};
    }
    return *address;
}

crypto::Signature signature_fields(std::uint8_t recovery_id, const Item& r, const Item& s) {
    Bytes bytes;
    for (const auto& word : {to_be32(integer_field(r, "r")), to_be32(integer_field(s, "s"))}) {
        bytes.insert(bytes.end(), word.begin(), word.end());
    }
    bytes.push_back(recovery_id);
    const auto signature = crypto::Signature::from_bytes65(bytes);
    if (!signature) {
        throw Bad{signature.error().message, "signature"};
    }
    return *signature;
}

SignedTransaction decode_legacy(const std::vector<Item>& fields) {
    if (fields.size() != 9) {
        throw Bad{"a legacy transaction has 9 fields, not " + std::to_string(fields.size()), ""};
    }
    SignedTransaction out;
    out.tx.fee.legacy = true;
    out.tx.nonce = u64_field(fields[0], "nonce");
    out.tx.fee.max_fee = integer_field(fields[1], "gasPrice");
    out.tx.gas_limit = u64_field(fields[2], "gasLimit");
    out.tx.to = address_field(fields[3], "to");
    out.tx.value = integer_field(fields[4], "value");
    out.tx.data = bytes_field(fields[5], "data");
    const U256 v = integer_field(fields[6], "v");
    if (v < 37) {
        throw Bad{"only transactions with replay protection (EIP-155) are accepted", "v"};
    }
    const auto chain_id = to_u64(U256(v - 35) / 2);
    if (!chain_id) {
        throw Bad{"a chain id of more than 64 bits", "v"};
    }
    out.tx.chain_id = {*chain_id};
    out.signature = signature_fields(U256(v - 35) % 2 == 1 ? 1 : 0, fields[7], fields[8]);
    return out;
}

SignedTransaction decode_dynamic_fee(const std::vector<Item>& fields) {
    if (fields.size() != 12) {
        throw Bad{"a transaction of type 2 has 12 fields, not " + std::to_string(fields.size()), ""};
    }
    SignedTransaction out;
    out.tx.chain_id = {u64_field(fields[0], "chainId")};
    out.tx.nonce = u64_field(fields[1], "nonce");
    out.tx.fee.max_priority_fee = integer_field(fields[2], "maxPriorityFeePerGas");
    out.tx.fee.max_fee = integer_field(fields[3], "maxFeePerGas");
    out.tx.gas_limit = u64_field(fields[4], "gasLimit");
    out.tx.to = address_field(fields[5], "to");
    out.tx.value = integer_field(fields[6], "value");
    out.tx.data = bytes_field(fields[7], "data");
    if (!fields[8].is_list() || !fields[8].list().empty()) {
        throw Bad{"access lists other than the empty one are not supported", "accessList"};
    }
    const U256 parity = integer_field(fields[9], "yParity");
    if (parity > 1) {
        throw Bad{"0 or 1 is needed", "yParity"};
    }
    out.signature = signature_fields(parity == 1 ? 1 : 0, fields[10], fields[11]);
    return out;
}

}  // namespace

Bytes32 signing_digest(const Transaction& tx) {
    std::vector<Item> fields = unsigned_fields(tx);
    if (tx.fee.legacy) {
        fields.push_back(rlp::integer(tx.chain_id.value));
        fields.push_back(rlp::integer(0));
        fields.push_back(rlp::integer(0));
    }
    return crypto::keccak256(enveloped(tx, std::move(fields)));
}

SignedTransaction sign(const Transaction& tx, const crypto::Signer& signer) {
    SignedTransaction out;
    out.tx = tx;
    out.signature = signer.sign(signing_digest(tx));
    std::vector<Item> fields = unsigned_fields(tx);
    const U256 parity = out.signature.recovery_id;
    fields.push_back(rlp::integer(tx.fee.legacy ? U256(U256(tx.chain_id.value) * 2 + 35 + parity) : parity));
    fields.push_back(rlp::integer(u256_from_be(out.signature.r.view()).value()));
    fields.push_back(rlp::integer(u256_from_be(out.signature.s.view()).value()));
    out.raw = enveloped(tx, std::move(fields));
    out.hash = crypto::keccak256(out.raw).as<TxHash>();
    return out;
}

Result<SignedTransaction> decode_signed(BytesView raw) {
    const bool typed = !raw.empty() && raw[0] < 0xc0;
    if (typed && raw[0] != kDynamicFeeType) {
        return Error{"invalid_transaction", "neither a legacy transaction nor one of type 2", "type"};
    }
    const auto decoded = rlp::decode(typed ? raw.subspan(1) : raw);
    if (!decoded) {
        return Error{"invalid_transaction", decoded.error().message, decoded.error().where};
    }
    if (!decoded->is_list()) {
        return Error{"invalid_transaction", "a list is needed", ""};
    }
    try {
        auto out = typed ? decode_dynamic_fee(decoded->list()) : decode_legacy(decoded->list());
        out.raw.assign(raw.begin(), raw.end());
        out.hash = crypto::keccak256(raw).as<TxHash>();
        return out;
    } catch (const Bad& bad) {
        return Error{"invalid_transaction", bad.what, bad.where};
    }
}

Result<Address> sender_of(const SignedTransaction& tx) {
    return crypto::recover(signing_digest(tx.tx), tx.signature);
}

Address contract_address(const Address& sender, std::uint64_t nonce) {
    const Bytes32 digest =
        crypto::keccak256(rlp::encode(rlp::list({rlp::string(sender.view()), rlp::integer(nonce)})));
    Address out;
    std::copy(digest.array().begin() + 12, digest.array().end(), out.array().begin());
    return out;
}

}  // namespace lamda::eth
