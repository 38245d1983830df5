#include "eth/codec/transaction.hpp"

#include "crypto/digest.hpp"
#include "eth/codec/rlp.hpp"

namespace lamda::eth {
namespace {

using rlp::Item;

// EIP-2718. The values are the type bytes.
enum class Type : std::uint8_t { kLegacy = 0, kAccessList = 1, kDynamicFee = 2 };

Type type_of(const Transaction& tx) {
    if (!tx.fee.legacy) {
        return Type::kDynamicFee;
    }
    return tx.access_list ? Type::kAccessList : Type::kLegacy;
}

Item recipient(const Transaction& tx) {
    return tx.to ? rlp::string(tx.to->view()) : rlp::string({});
}

Item access_list(const Transaction& tx) {
    std::vector<Item> entries;
    for (const AccessListEntry& entry : tx.access_list.value_or(AccessList{})) {
        std::vector<Item> keys;
        keys.reserve(entry.storage_keys.size());
        for (const Bytes32& key : entry.storage_keys) {
            keys.push_back(rlp::string(key.view()));
        }
        entries.push_back(rlp::list({rlp::string(entry.address.view()), rlp::list(std::move(keys))}));
    }
    return rlp::list(std::move(entries));
}

std::vector<Item> unsigned_fields(const Transaction& tx) {
    std::vector<Item> out;
    const Type type = type_of(tx);
    if (type != Type::kLegacy) {
        out.push_back(rlp::integer(tx.chain_id.value));
    }
    out.push_back(rlp::integer(tx.nonce));
    if (type == Type::kDynamicFee) {
        out.push_back(rlp::integer(tx.fee.max_priority_fee));
    }
    for (Item& item : std::vector<Item>{rlp::integer(tx.fee.max_fee), rlp::integer(tx.gas_limit),
                                        recipient(tx), rlp::integer(tx.value), rlp::string(tx.data)}) {
        out.push_back(std::move(item));
    }
    if (type != Type::kLegacy) {
        out.push_back(access_list(tx));
    }
    return out;
}

// EIP-2718: the type byte precedes the list; a legacy transaction has no type byte.
Bytes enveloped(Type type, std::vector<Item> fields) {
    Bytes out = rlp::encode(rlp::list(std::move(fields)));
    if (type != Type::kLegacy) {
        out.insert(out.begin(), static_cast<std::uint8_t>(type));
    }
    return out;
}

/// The fault of a transaction; thrown and caught in this file only.
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

const std::vector<Item>& list_field(const Item& item, const char* name) {
    if (!item.is_list()) {
        throw Bad{"a list is needed", name};
    }
    return item.list();
}

AccessList access_list_field(const Item& item) {
    constexpr auto kName = "accessList";
    AccessList out;
    for (const Item& each : list_field(item, kName)) {
        const auto& pair = list_field(each, kName);
        const auto address = pair.size() == 2 ? address_field(pair[0], kName) : std::nullopt;
        if (!address) {
            throw Bad{"an entry is an address and a list of storage keys", kName};
        }
        AccessListEntry entry{*address, {}};
        for (const Item& key : list_field(pair[1], kName)) {
            const auto word = Bytes32::from_bytes(bytes_field(key, kName));
            if (!word) {
                throw Bad{"a storage key has 32 bytes", kName};
            }
            entry.storage_keys.push_back(*word);
        }
        out.push_back(std::move(entry));
    }
    return out;
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

/// Type 1 or 2; they differ in the fee fields.
SignedTransaction decode_typed(Type type, const std::vector<Item>& fields) {
    const bool dynamic = type == Type::kDynamicFee;
    const std::size_t wanted = dynamic ? 12 : 11;
    if (fields.size() != wanted) {
        throw Bad{"a transaction of type " + std::string(dynamic ? "2" : "1") + " has " +
                      std::to_string(wanted) + " fields, not " + std::to_string(fields.size()),
                  ""};
    }
    SignedTransaction out;
    out.tx.fee.legacy = !dynamic;
    auto field = fields.begin();
    out.tx.chain_id = {u64_field(*field++, "chainId")};
    out.tx.nonce = u64_field(*field++, "nonce");
    if (dynamic) {
        out.tx.fee.max_priority_fee = integer_field(*field++, "maxPriorityFeePerGas");
    }
    out.tx.fee.max_fee = integer_field(*field++, dynamic ? "maxFeePerGas" : "gasPrice");
    out.tx.gas_limit = u64_field(*field++, "gasLimit");
    out.tx.to = address_field(*field++, "to");
    out.tx.value = integer_field(*field++, "value");
    out.tx.data = bytes_field(*field++, "data");
    auto list = access_list_field(*field++);
    if (!dynamic || !list.empty()) {
        out.tx.access_list = std::move(list);
    }
    const U256 parity = integer_field(*field++, "yParity");
    if (parity > 1) {
        throw Bad{"0 or 1 is needed", "yParity"};
    }
    const Item& r = *field++;
    out.signature = signature_fields(parity == 1 ? 1 : 0, r, *field);
    return out;
}

}  // namespace

Bytes signing_message(const Transaction& tx) {
    const Type type = type_of(tx);
    std::vector<Item> fields = unsigned_fields(tx);
    if (type == Type::kLegacy) {
        fields.push_back(rlp::integer(tx.chain_id.value));
        fields.push_back(rlp::integer(0));
        fields.push_back(rlp::integer(0));
    }
    return enveloped(type, std::move(fields));
}

Bytes32 signing_digest(const Transaction& tx) {
    return crypto::keccak256(signing_message(tx));
}

SignedTransaction sign(const Transaction& tx, const crypto::Signer& signer) {
    SignedTransaction out;
    out.tx = tx;
    out.signature = signer.sign(signing_message(tx));
    const Type type = type_of(tx);
    std::vector<Item> fields = unsigned_fields(tx);
    const U256 parity = out.signature.recovery_id;
    fields.push_back(
        rlp::integer(type == Type::kLegacy ? U256(U256(tx.chain_id.value) * 2 + 35 + parity) : parity));
    fields.push_back(rlp::integer(u256_from_be(out.signature.r.view()).value()));
    fields.push_back(rlp::integer(u256_from_be(out.signature.s.view()).value()));
    out.raw = enveloped(type, std::move(fields));
    out.hash = crypto::keccak256(out.raw).as<TxHash>();
    return out;
}

Result<SignedTransaction> decode_signed(BytesView raw) {
    const bool typed = !raw.empty() && raw[0] < 0xc0;
    if (typed && raw[0] != 1 && raw[0] != 2) {
        return Error{"invalid_transaction", "neither a legacy transaction nor one of type 1 or 2", "type"};
    }
    const auto decoded = rlp::decode(typed ? raw.subspan(1) : raw);
    if (!decoded) {
        return Error{"invalid_transaction", decoded.error().message, decoded.error().where};
    }
    if (!decoded->is_list()) {
        return Error{"invalid_transaction", "a list is needed", ""};
    }
    try {
        auto out = typed ? decode_typed(Type{raw[0]}, decoded->list()) : decode_legacy(decoded->list());
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
