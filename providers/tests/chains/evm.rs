//! The same client against a real node of this kind, where `VIRALCORE_TEST_EVM_URL` names one.
