// Checks evidence records (RFC 4998) with BouncyCastle, and makes some of its own; nothing of ours is used.
//
//   java -cp bcprov.jar:bcpkix.jar:bcutil.jar EvidenceCheck.java check AT RECORD.ers DATA...   (several files: one group)
//   java -cp ... EvidenceCheck.java make DIR
//
// AT is a moment in RFC 3339. `check` verifies every chain: the data in its first timestamp, each renewal, every token's
// signature with the certificate inside it. It prints one line for each chain, and ends with 1 when anything is wrong.
// `make` writes an authority of its own, data and records into DIR.

import java.io.File;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Security;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.tsp.ArchiveTimeStamp;
import org.bouncycastle.asn1.tsp.ArchiveTimeStampChain;
import org.bouncycastle.asn1.tsp.ArchiveTimeStampSequence;
import org.bouncycastle.asn1.tsp.EvidenceRecord;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampResponseGenerator;
import org.bouncycastle.tsp.TimeStampTokenGenerator;
import org.bouncycastle.tsp.TSPAlgorithms;
import org.bouncycastle.tsp.ers.ERSArchiveTimeStamp;
import org.bouncycastle.tsp.ers.ERSArchiveTimeStampGenerator;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSData;
import org.bouncycastle.tsp.ers.ERSDataGroup;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;
import org.bouncycastle.tsp.ers.ERSEvidenceRecordGenerator;
import org.bouncycastle.tsp.ers.ERSFileData;

public class EvidenceCheck {
    static final ASN1ObjectIdentifier SHA256 = NISTObjectIdentifiers.id_sha256;
    static final ASN1ObjectIdentifier SHA512 = NISTObjectIdentifiers.id_sha512;
    static DigestCalculatorProvider digests;

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        if (args.length == 2 && args[0].equals("make")) {
            new Maker(Path.of(args[1])).make();
            return;
        }
        if (args.length < 4 || !args[0].equals("check")) {
            System.err.println("usage: check AT RECORD.ers DATA... | make DIR");
            System.exit(2);
        }
        List<ERSData> data = new ArrayList<>();
        for (String file : Arrays.asList(args).subList(3, args.length)) {
            data.add(new ERSFileData(new File(file)));
        }
        ERSData subject = data.size() == 1 ? data.get(0) : new ERSDataGroup(data);
        check(Files.readAllBytes(Path.of(args[2])), subject, Date.from(Instant.parse(args[1])));
    }

    /** BouncyCastle looks at the last chain of a record; so the record is cut after each chain, and each is checked as the last. */
    static void check(byte[] bytes, ERSData subject, Date at) throws Exception {
        ArchiveTimeStampChain[] chains =
            EvidenceRecord.getInstance(bytes).getArchiveTimeStampSequence().getArchiveTimeStampChains();
        for (int count = 1; count <= chains.length; count++) {
            ArchiveTimeStampChain[] some = Arrays.copyOf(chains, count);
            ERSEvidenceRecord record = upTo(some);
            record.validatePresent(subject, at);
            ArchiveTimeStamp[] stamps = chains[count - 1].getArchiveTimestamps();
            for (int n = 1; n <= stamps.length; n++) {
                ArchiveTimeStampChain[] cut = Arrays.copyOf(some, count);
                cut[count - 1] = new ArchiveTimeStampChain(Arrays.copyOf(stamps, n));
                ERSEvidenceRecord part = upTo(cut);
                X509CertificateHolder signer = part.getSigningCertificate();
                part.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(signer));
            }
            System.out.println("chain " + count + ": " + stamps.length + " timestamps, "
                + stamps[0].getDigestAlgorithmIdentifier().getAlgorithm());
        }
    }

    static ERSEvidenceRecord upTo(ArchiveTimeStampChain[] chains) throws Exception {
        EvidenceRecord whole = new EvidenceRecord(null, null, chains[0].getArchiveTimestamps()[0]);
        for (int chain = 0; chain < chains.length; chain++) {
            ArchiveTimeStamp[] stamps = chains[chain].getArchiveTimestamps();
            for (int stamp = 0; stamp < stamps.length; stamp++) {
                if (chain + stamp > 0) {
                    whole = whole.addArchiveTimeStamp(stamps[stamp], stamp == 0);
                }
            }
        }
        return new ERSEvidenceRecord(whole, digests);
    }

    /** Makes records as somebody else's archive would. */
    static class Maker {
        final Path dir;
        final KeyPair keys;
        final X509CertificateHolder certificate;
        BigInteger serial = BigInteger.ONE;

        Maker(Path dir) throws Exception {
            this.dir = dir;
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
            generator.initialize(new ECGenParameterSpec("P-256"));
            keys = generator.generateKeyPair();
            X500Name name = new X500Name("CN=BouncyCastle test authority");
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(name, BigInteger.TEN,
                new Date(System.currentTimeMillis() - 86400_000L), new Date(System.currentTimeMillis() + 86400_000L * 3650),
                name, keys.getPublic());
            builder.addExtension(Extension.extendedKeyUsage, true, new ExtendedKeyUsage(KeyPurposeId.id_kp_timeStamping));
            certificate = builder.build(signer());
            Files.write(dir.resolve("authority.crt"), certificate.getEncoded());
        }

        ContentSigner signer() throws Exception {
            return new JcaContentSignerBuilder("SHA256withECDSA").setProvider("BC").build(keys.getPrivate());
        }

        TimeStampResponse stamp(TimeStampRequest request) throws Exception {
            DigestCalculator digest = digests.get(new AlgorithmIdentifier(SHA256));
            TimeStampTokenGenerator tokens = new TimeStampTokenGenerator(
                new JcaSignerInfoGeneratorBuilder(digests).build(signer(), certificate), digest,
                new ASN1ObjectIdentifier("1.2.3.4.1"));
            tokens.addCertificates(new JcaCertStore(Collections.singletonList(certificate)));
            serial = serial.add(BigInteger.ONE);
            return new TimeStampResponseGenerator(tokens, TSPAlgorithms.ALLOWED).generate(request, serial, new Date());
        }

        TimeStampRequestGenerator requests() {
            TimeStampRequestGenerator requests = new TimeStampRequestGenerator();
            requests.setCertReq(true);
            return requests;
        }

        ERSArchiveTimeStampGenerator tree(ASN1ObjectIdentifier algorithm, List<ERSData> data) throws Exception {
            ERSArchiveTimeStampGenerator tree =
                new ERSArchiveTimeStampGenerator(digests.get(new AlgorithmIdentifier(algorithm)));
            tree.addAllData(data);
            return tree;
        }

        void make() throws Exception {
            List<ERSData> objects = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                byte[] bytes = ("contract " + i).getBytes();
                Files.write(dir.resolve("data-" + i), bytes);
                objects.add(new ERSByteData(bytes));
            }
            ERSData group = new ERSDataGroup(objects.get(3), objects.get(4));
            List<ERSData> data = List.of(objects.get(0), objects.get(1), objects.get(2), group);

            ERSArchiveTimeStampGenerator tree = tree(SHA256, data);
            TimeStampResponse response = stamp(tree.generateTimeStampRequest(requests(), BigInteger.valueOf(7)));
            List<ERSArchiveTimeStamp> stamps = tree.generateArchiveTimeStamps(response);
            ERSEvidenceRecordGenerator records = new ERSEvidenceRecordGenerator(digests);
            for (ERSEvidenceRecord record : records.generate(stamps)) {
                for (int i = 0; i < data.size(); i++) {
                    try {
                        record.validatePresent(data.get(i), new Date(System.currentTimeMillis() + 60_000));
                    } catch (Exception other) {
                        continue;
                    }
                    Path file = dir.resolve("first-" + i + ".ers");
                    if (!Files.exists(file)) {
                        Files.write(file, record.getEncoded());
                        renew(record, data.get(i), i);
                    }
                }
            }
        }

        void renew(ERSEvidenceRecord record, ERSData data, int number) throws Exception {
            ERSEvidenceRecord renewed =
                record.renewTimeStamp(stamp(record.generateTimeStampRenewalRequest(requests(), BigInteger.valueOf(8))));
            Files.write(dir.resolve("renewed-" + number + ".ers"), renewed.getEncoded());
            DigestCalculator sha512 = digests.get(new AlgorithmIdentifier(SHA512));
            ERSEvidenceRecord rehashed =
                renewed.renewHash(sha512, data, stamp(renewed.generateHashRenewalRequest(sha512, data, requests())));
            Files.write(dir.resolve("rehashed-" + number + ".ers"), rehashed.getEncoded());
        }
    }
}
