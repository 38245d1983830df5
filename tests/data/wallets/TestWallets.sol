// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.34;

/// Contract wallets for the tests of sign-ins.

/// Accepts signatures of its owner's key (ERC-1271).
contract KeyWallet {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) {
            return 0xffffffff;
        }
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        address signer = ecrecover(digest, uint8(signature[64]), r, s);
        return signer != address(0) && signer == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// Creates KeyWallets at addresses that are known before (ERC-6492).
contract WalletFactory {
    function create(address owner, bytes32 salt) external returns (address) {
        address wallet = walletOf(owner, salt);
        return wallet.code.length > 0 ? wallet : address(new KeyWallet{salt: salt}(owner));
    }

    function walletOf(address owner, bytes32 salt) public view returns (address) {
        bytes32 code = keccak256(abi.encodePacked(type(KeyWallet).creationCode, abi.encode(owner)));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, code)))));
    }
}

/// Answers a question in the way that its constructor was given.
contract HostileWallet {
    uint256 private immutable mode;

    constructor(uint256 mode_) {
        mode = mode_;
    }

    fallback() external {
        if (mode == 0) {
            while (true) {}  // uses all gas
        } else if (mode == 1) {
            revert("no");
        } else if (mode == 2) {
            assembly {
                return(0, 1000000)  // zeros, huge
            }
        } else if (mode == 3) {
            assembly {
                invalid()
            }
        } else if (mode == 4) {
            assembly {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)  // the right bytes, no word
            }
        } else {
            assembly {
                revert(0, 1000000)
            }
        }
    }
}
