// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.34;

/// Asks a contract wallet about a signature (ERC-1271), and creates the wallet first if it does not exist (ERC-6492). Runs as
/// creation code inside eth_call, so that nothing is deployed and nothing stays: one byte is returned in place of code.
///
/// Failures of the wallet and of the factory (no gas left, invalid opcodes, huge answers) stay inside their calls.
contract SignatureCheck {
    uint256 private constant REFUSED = 0;
    uint256 private constant ACCEPTED = 1;
    uint256 private constant OTHER_CHAIN = 2;

    /// @param chain that the node must be on
    /// @param factory zero: the wallet must exist
    constructor(
        uint256 chain,
        address wallet,
        bytes32 digest,
        bytes memory signature,
        address factory,
        bytes memory factoryData
    ) {
        uint256 verdict = REFUSED;
        if (block.chainid != chain) {
            verdict = OTHER_CHAIN;
        } else if (accepts(wallet, digest, signature)) {
            verdict = ACCEPTED;
        } else if (factory != address(0)) {
            // Creates the wallet, or prepares an existing one, as ERC-6492 has it.
            bool made;
            assembly ("memory-safe") {
                made := call(sub(gas(), shr(2, gas())), factory, 0, add(factoryData, 32), mload(factoryData), 0, 0)
            }
            if (made && accepts(wallet, digest, signature)) {
                verdict = ACCEPTED;
            }
        }
        assembly {
            mstore(0, verdict)
            return(31, 1)
        }
    }

    function accepts(address wallet, bytes32 digest, bytes memory signature) private view returns (bool accepted) {
        bytes memory question = abi.encodeWithSelector(0x1626ba7e, digest, signature);
        assembly ("memory-safe") {
            mstore(0, 0)
            // A quarter of the gas stays here: a wallet that uses all of its own is refused, and the call does not fail.
            accepted := staticcall(sub(gas(), shr(2, gas())), wallet, add(question, 32), mload(question), 0, 32)
            // The whole word: an address that returns its input (a precompile, a careless fallback) has the digest in it.
            accepted := and(accepted, and(gt(returndatasize(), 31), eq(mload(0), shl(224, 0x1626ba7e))))
        }
    }
}
