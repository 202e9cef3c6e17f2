//! One record's evidence record (RFC 4998), put together from the trees and tokens that it shares with others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::rows::{self, TokenRow, TreeRow};
use super::stored_tree::StoredTree;
use super::trees::blinding;
use crate::archive::error::ArchiveError;
use crate::archive::permit::Action;
use crate::archive::records::Loaded;
use crate::archive::{Archive, Principal};
use crate::evidence::{
    ArchiveTimeStampChain, EvidenceError, EvidenceRecord, first_stamp, renewal_first_list,
    renewed_object_hash, sequence_der,
};
use crate::journal::Act;
use crate::pki::DigestAlgorithm;
use crate::record::RecordId;
use crate::store::View;

/// A file of `evidence ID -o DIR`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceFile {
    pub name: String,
    /// Base64.
    #[schema(format = Byte)]
    pub content: String,
}

/// Makes evidence records of many records from one snapshot; remembers what they share.
pub struct Assembler<'a> {
    archive: &'a Archive,
    view: &'a dyn View,
    trees: Vec<StoredTree<'a>>,
    tokens: RefCell<HashMap<u64, Rc<TokenRow>>>,
}

/// A tree that a record is in, and where.
struct Membership<'t, 'a> {
    tree: &'t StoredTree<'a>,
    leaf: u64,
}

impl<'a> Assembler<'a> {
    /// `trees` are all trees of the snapshot, oldest first.
    pub fn new(archive: &'a Archive, view: &'a dyn View, trees: &'a [TreeRow]) -> Self {
        let trees = trees.iter().map(|row| StoredTree::new(view, row)).collect();
        Self { archive, view, trees, tokens: RefCell::default() }
    }

    pub fn view(&self) -> &'a dyn View {
        self.view
    }

    /// The chains of a record so far, oldest first: one for each stamped tree that it is in. Empty: no timestamp yet.
    ///
    /// # Errors
    /// Damage.
    pub fn chains(&self, record: &Loaded) -> Result<Vec<ArchiveTimeStampChain>, ArchiveError> {
        let mut chains: Vec<ArchiveTimeStampChain> = Vec::new();
        for membership in self.memberships(record.row.deposit_seq)? {
            let algorithm = membership.tree.row().algorithm;
            let object = self.object_in_chain(record, algorithm, &chains)?;
            chains.push(self.chain(record, &membership, object)?);
        }
        Ok(chains)
    }

    /// The tokens of a record, oldest first.
    ///
    /// # Errors
    /// Damage.
    pub fn tokens(&self, record: &Loaded) -> Result<Vec<Rc<TokenRow>>, ArchiveError> {
        let memberships = self.memberships(record.row.deposit_seq)?;
        let stamps = memberships.iter().flat_map(|membership| &membership.tree.row().stamps);
        stamps.map(|stamp| self.token(stamp.token)).collect()
    }

    /// The newest tree that a record is in, if it has a stamp.
    ///
    /// # Errors
    /// Damage.
    pub fn newest_tree(&self, record: &Loaded) -> Result<Option<&'a TreeRow>, ArchiveError> {
        Ok(self.memberships(record.row.deposit_seq)?.last().map(|membership| membership.tree.row()))
    }

    fn memberships(&self, seq: u64) -> Result<Vec<Membership<'_, 'a>>, ArchiveError> {
        let mut found = Vec::new();
        for tree in self.trees.iter().filter(|tree| !tree.row().stamps.is_empty()) {
            if let Some(leaf) = tree.leaf(seq)? {
                found.push(Membership { tree, leaf });
            }
        }
        Ok(found)
    }

    /// The hash of the record in the first list of its next chain. Only SHA-256 is known without unsealing the contract.
    fn object_in_chain(
        &self,
        record: &Loaded,
        algorithm: DigestAlgorithm,
        prior: &[ArchiveTimeStampChain],
    ) -> Result<Vec<u8>, ArchiveError> {
        let object = self.archive.object_hash(record, algorithm)?;
        Ok(match prior {
            [] => object,
            _ => renewed_object_hash(algorithm, &object, &sequence_der(prior)),
        })
    }

    fn chain(
        &self,
        record: &Loaded,
        membership: &Membership<'_, 'a>,
        object: Vec<u8>,
    ) -> Result<ArchiveTimeStampChain, ArchiveError> {
        let tree = membership.tree;
        let algorithm = tree.row().algorithm;
        let tokens: Result<Vec<_>, _> = tree.row().stamps.iter().map(|s| self.token(s.token)).collect();
        let tokens = tokens?;
        let mut stamps = Vec::with_capacity(tokens.len());
        for (number, (stamp, token)) in tree.row().stamps.iter().zip(&tokens).enumerate() {
            let above = stamp.path.iter().map(|node| node.0.clone());
            let made = if number == 0 {
                let path: Vec<_> = tree.path(membership.leaf)?.into_iter().chain(above).collect();
                let first = vec![object.clone(), blinding(record, algorithm, tree.row().id)];
                first_stamp(algorithm, first, &path, &token.token)
            } else {
                let before: Vec<&[u8]> =
                    tokens.iter().take(number).map(|token| token.token.as_slice()).collect();
                let path: Vec<_> = above.collect();
                first_stamp(algorithm, renewal_first_list(algorithm, &before), &path, &token.token)
            };
            stamps.push(made);
        }
        ArchiveTimeStampChain::new(stamps).map_err(corrupt)
    }

    fn token(&self, id: u64) -> Result<Rc<TokenRow>, ArchiveError> {
        if let Some(known) = self.tokens.borrow().get(&id) {
            return Ok(known.clone());
        }
        let row = Rc::new(rows::token(self.view, id)?);
        self.tokens.borrow_mut().insert(id, row.clone());
        Ok(row)
    }
}

fn corrupt(error: EvidenceError) -> ArchiveError {
    ArchiveError::Corrupt(format!("evidence: {error}"))
}

impl Archive {
    /// The evidence record of a contract, with the tokens, certificates and revocation data that it rests on and a note on
    /// how to check all of it with other people's programs. Journaled before it is given.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], [`ArchiveError::NotFound`] while there is no timestamp, damage.
    pub fn evidence_files(&self, who: &Principal, id: RecordId) -> Result<Vec<EvidenceFile>, ArchiveError> {
        let view = self.store.view();
        let record = self.load_for(&*view, who, Action::Export, id)?;
        let trees = rows::trees(&*view)?;
        let assembler = Assembler::new(self, &*view, &trees);
        let chains = assembler.chains(&record)?;
        if chains.is_empty() {
            return Err(ArchiveError::NotFound(format!(
                "timestamp of record {id} yet; run `shosoin timestamp attest`"
            )));
        }
        self.journal_look(who, Act::Export, id)?;
        let record_der = EvidenceRecord::new(chains).to_der().map_err(corrupt)?;
        let mut files = vec![file(format!("{id}.ers"), &record_der)];
        for (number, token) in (1..).zip(assembler.tokens(&record)?) {
            files.push(file(format!("token-{number}.tst"), &token.token));
            for (place, certificate) in (0..).zip(&token.chain) {
                files.push(file(format!("token-{number}-certificate-{place}.cer"), &certificate.0));
            }
            for (place, crl) in (1..).zip(&token.crls) {
                files.push(file(format!("token-{number}-revocation-{place}.crl"), &crl.0));
            }
            for (place, ocsp) in (1..).zip(&token.ocsps) {
                files.push(file(format!("token-{number}-revocation-{place}.ocsp"), &ocsp.0));
            }
        }
        let readme = include_str!("readme.txt").replace("RECORD", &id.to_string());
        files.push(file("README.txt".into(), readme.as_bytes()));
        Ok(files)
    }
}

fn file(name: String, content: &[u8]) -> EvidenceFile {
    EvidenceFile { name, content: STANDARD.encode(content) }
}
